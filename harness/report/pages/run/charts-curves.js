// Curves as stretches on which nothing changes, or, where they are dense, of an average under a peak.

function curvePlace({ at, count }, us) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] <= us) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// What it is then; null if nobody knows.
function curveAt(curve, us) {
  const place = curvePlace(curve, us);
  return place < 0 || curve.peak[place] < 0 ? null : { mean: curve.mean[place] / 100, peak: curve.peak[place] };
}

function sayCurve(value, words = say) {
  if (value === null) return "not known";
  return Math.abs(value.mean - value.peak) < 0.005 ? words(value.peak) : `${words(value.mean)} on average, at most ${words(value.peak)}`;
}

// Each stretch of a curve within the time that is shown, as what is done with it.
function eachStretch(curve, from, to, what) {
  for (let place = Math.max(0, curvePlace(curve, from)); place < curve.count && curve.at[place] < to; place += 1) {
    const until = place + 1 < curve.count ? curve.at[place + 1] : run.timeline.end;
    if (until > from && curve.peak[place] >= 0) what(Math.max(from, curve.at[place]), Math.min(to, until), curve.mean[place] / 100, curve.peak[place]);
  }
}

function curvePeak(curve, from, to) {
  let most = 0;
  eachStretch(curve, from, to, (start, until, mean, peak) => { most = Math.max(most, peak); });
  return most;
}

// The average as a line, the peak as the area under it; `up` gives the height on the page.
function drawCurve({ svg, across }, curve, up, bottom) {
  let [line, area, last] = ["", "", null];
  eachStretch(curve, shown.from, shown.to, (start, until, mean, peak) => {
    const [left, right] = [across(start).toFixed(1), across(until).toFixed(1)];
    line += `${last === start ? "" : `M${left} ${bottom}`}V${up(mean).toFixed(1)}H${right}`;
    if (peak) area += `M${left} ${bottom}V${up(peak).toFixed(1)}H${right}V${bottom}Z`;
    last = until;
  });
  draw(svg, "path", { class: "curve-peak", d: area });
  draw(svg, "path", { class: "curve-mean", d: line });
}

function drawReplicaDown({ svg, across }, down, top, height) {
  for (const [from, until] of down ?? []) {
    const [start, end] = [Math.max(shown.from, from), Math.min(shown.to, until)];
    if (end > start) draw(svg, "rect", { class: "down", x: across(start), width: across(end) - across(start), y: top, height });
  }
}

const replicaIsDown = (down, us) => (down ?? []).some(([from, until]) => from <= us && us < until);

// One curve with its axis.
function curveChart(holder, { label, name, curve }) {
  timeChart(holder, {
    label,
    layout: (from, to) => ({ height: 130, y: linear(0, Math.max(1, curvePeak(curve, from, to)) * 1.05) }),
    mark: (chart) => drawCurve(chart, curve, chart.up, chart.box.bottom),
    read: (us) => ({ head: sayMoment(us), rows: [{ name, words: sayCurve(curveAt(curve, us)) }] }),
  });
}

const CHART_ROW = 46;
const CHART_ROW_PLOT = 24;

// A row for each curve under one another, all on one scale. `rows` gives those that are shown: { name, curve, down }.
function rowsChart(holder, { label, rows, words = say }) {
  timeChart(holder, {
    label,
    layout(from, to) {
      const all = rows();
      return { all, height: CHART_ROW * Math.max(1, all.length), most: Math.max(1, ...all.map((row) => curvePeak(row.curve, from, to))) };
    },
    mark: (chart, { all, most }) => all.forEach((row, place) => drawRow(chart, row, place, most, words)),
    read: (us, chart, { all }) => ({
      head: sayMoment(us),
      rows: all.map((row) => ({ name: row.name, words: `${sayCurve(curveAt(row.curve, us), words)}${replicaIsDown(row.down, us) ? ", down" : ""}` })),
    }),
  });
}

function drawRow(chart, { name, curve, down }, place, most, words) {
  const { svg, box } = chart;
  const bottom = box.top + CHART_ROW * (place + 1) - 3;
  const up = (value) => bottom - (value / most) * CHART_ROW_PLOT;
  drawReplicaDown(chart, down, bottom - CHART_ROW_PLOT, CHART_ROW_PLOT);
  draw(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: bottom, y2: bottom });
  drawCurve(chart, curve, up, bottom);
  const fits = Math.floor((box.right - box.left) / 7.5);
  draw(svg, "text", { class: "chart-row", x: box.left, y: bottom - CHART_ROW_PLOT - 5 }, name.length > fits ? `${name.slice(0, fits - 1)}…` : name);
  const peak = curvePeak(curve, shown.from, shown.to);
  draw(svg, "text", { class: "tick", x: box.left - 6, y: Math.min(bottom, up(peak) + 4), "text-anchor": "end" }, words(peak));
}
