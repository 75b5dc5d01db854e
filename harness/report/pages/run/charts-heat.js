// Replicas × time: how far each is behind, as shades in steps with numbers.

const HEAT_ROW = 26;
const HEAT_CELL = 4; // pixels
const HEAT_STEPS = 5;

// Bounds of the shades, in 1, 2, 5, 10 ...: the last at or below the most that there is.
function heatBounds(most) {
  const all = [];
  for (let power = 10 ** Math.floor(Math.log10(Math.max(1, most))); all.length < HEAT_STEPS - 1 && power >= 0.1; power /= 10) {
    for (const each of [5, 2, 1]) if (each * power <= Math.max(1, most)) all.push(each * power);
  }
  return all.slice(0, HEAT_STEPS - 1).reverse();
}

const heatStep = (bounds, value) => (value <= 0 ? 0 : 1 + bounds.filter((bound) => value >= bound - 1e-9).length);

// The average of a curve over each cell.
function heatCells(curve, from, to, count) {
  const wide = (to - from) / count;
  const cells = new Float64Array(count);
  eachStretch(curve, from, to, (start, until, mean) => {
    if (!mean) return;
    for (let cell = Math.floor((start - from) / wide); cell < count && from + cell * wide < until; cell += 1) {
      const time = Math.min(until, from + (cell + 1) * wide) - Math.max(start, from + cell * wide);
      cells[cell] += (mean * Math.max(0, time)) / wide;
    }
  });
  return cells;
}

function heatChart(holder, legend, { label, rows }) {
  timeChart(holder, {
    label,
    layout(from, to) {
      const count = Math.max(20, Math.round((holder.clientWidth - CHART_LEFT - CHART_RIGHT) / HEAT_CELL));
      const cells = rows.map((row) => heatCells(row.curve, from, to, count));
      const bounds = heatBounds(cells.reduce((most, each) => each.reduce((a, b) => Math.max(a, b), most), 0));
      return { height: HEAT_ROW * rows.length, cells, bounds };
    },
    mark(chart, { cells, bounds }) {
      rows.forEach((row, place) => drawHeat(chart, row, cells[place], bounds, chart.box.top + HEAT_ROW * place));
      heatLegend(legend, bounds);
    },
    read: (us) => ({
      head: sayMoment(us),
      rows: rows.map((row) => ({ name: row.name, words: replicaIsDown(row.down, us) ? "down" : sayCurve(curveAt(row.curve, us)) })),
    }),
  });
}

function drawHeat(chart, { name, down }, cells, bounds, top) {
  const { svg, box } = chart;
  const wide = (box.right - box.left) / cells.length;
  const steps = Array.from(cells, (value) => heatStep(bounds, value));
  draw(svg, "rect", { class: "heat0", x: box.left, width: box.right - box.left, y: top, height: HEAT_ROW - 3 });
  for (let cell = 0, next; cell < steps.length; cell = next) {
    next = cell + 1;
    while (next < steps.length && steps[next] === steps[cell]) next += 1;
    if (steps[cell]) draw(svg, "rect", { class: `heat${steps[cell]}`, x: box.left + cell * wide, width: (next - cell) * wide, y: top, height: HEAT_ROW - 3 });
  }
  drawReplicaDown(chart, down, top, HEAT_ROW - 3);
  draw(svg, "text", { class: "tick", x: box.left - 6, y: top + 16, "text-anchor": "end" }, name.length > 8 ? `${name.slice(0, 7)}…` : name);
}

function heatLegend(holder, bounds) {
  const below = bounds[0] ?? 1;
  const words = ["0", `below ${say(below)}`, ...bounds.map((bound, place) => (place + 1 < bounds.length ? `${say(bound)} to ${say(bounds[place + 1])}` : `${say(bound)} and more`))];
  const keys = words.map((each, step) => element("span", "heat-key", element("span", `chart-key heat${step}`), each));
  holder.replaceChildren(...keys, element("span", "heat-key", element("span", "chart-key down"), "down"));
}
