// How long operations took: each a point, percentiles over windows of time, and those that were not answered on lines of
// their own. Where points are dense, what is drawn is how many share a cell.

const LATENCY_CELL = 2; // pixels
const LATENCY_STRIP = 15;
const LATENCY_LINES = [["p50", 50], ["p95", 95], ["p99", 99]];

// Rows of the operations that are asked for, by where they were due; `kind` and `node` are numbers, or null for all.
function operationsWithin(from, to, { kind, node }) {
  const of = run.timeline.operations;
  const found = { ok: [], failed: [], unknown: [] };
  for (let row = 0; row < of.count; row += 1) {
    const due = of.planned[row];
    if (due < from || due > to || (kind !== null && of.kind[row] !== kind) || (node !== null && of.node[row] !== node)) continue;
    found[outcomeOf(row)].push(row);
  }
  return found;
}

// Who never heard does not know.
function outcomeOf(row) {
  const outcome = run.timeline.outcomes[run.timeline.operations.outcome[row]];
  return outcome === "open" ? "unknown" : outcome;
}

const latencyOf = (row) => run.timeline.operations.at[row] + run.timeline.operations.took[row] - run.timeline.operations.planned[row];
const sayLatency = (us) => sayTime(us / 1000);

// By nearest rank. Of fewer than it takes for one to be above it, there is no such percentile.
function percentile(sorted, percent) {
  if (sorted.length * (100 - percent) < 100) return null;
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

// As many windows as have a hundred operations each, within reason.
function latencyWindows(rows, from, to) {
  const count = Math.max(8, Math.min(60, Math.floor(rows.length / 100)));
  const wide = (to - from) / count;
  const all = Array.from({ length: count }, () => []);
  for (const row of rows) all[Math.min(count - 1, Math.floor((run.timeline.operations.planned[row] - from) / wide))].push(latencyOf(row));
  return all.map((took, place) => {
    const sorted = Float64Array.from(took).sort();
    const lines = Object.fromEntries(LATENCY_LINES.map(([name, percent]) => [name, percentile(sorted, percent)]));
    return { from: from + place * wide, until: from + (place + 1) * wide, count: sorted.length, worst: sorted.at(-1) ?? null, ...lines };
  });
}

function latencyChart(holder, { label, chosen }) {
  timeChart(holder, {
    label,
    layout(from, to) {
      const found = operationsWithin(from, to, chosen());
      let [lowest, highest] = [Infinity, 0];
      for (const row of found.ok) [lowest, highest] = [Math.min(lowest, latencyOf(row)), Math.max(highest, latencyOf(row))];
      const y = logarithmic(Math.max(1, Math.min(lowest, 1e6)) * 0.8, Math.max(10, highest) * 1.25);
      return { height: 250, above: 2 * LATENCY_STRIP + 12, y, sayY: sayLatency, found, windows: latencyWindows(found.ok, from, to) };
    },
    mark: drawLatency,
    read: readLatency,
  });
}

function drawLatency(chart, { found, windows }) {
  const { svg, box, across, up } = chart;
  const { planned } = run.timeline.operations;
  const cells = new Map();
  const down = Math.ceil((box.bottom - box.top) / LATENCY_CELL) + 1;
  for (const row of found.ok) {
    const cell = Math.round(across(planned[row]) / LATENCY_CELL) * down + Math.round((up(latencyOf(row)) - box.top) / LATENCY_CELL);
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  const paths = ["", "", ""];
  for (const [cell, count] of cells) {
    paths[count > 4 ? 2 : count > 1 ? 1 : 0] += `M${Math.floor(cell / down) * LATENCY_CELL - 1} ${(cell % down) * LATENCY_CELL + box.top}h2`;
  }
  const wide = cells.size < 1500 ? "few" : "many";
  paths.forEach((d, level) => { if (d) draw(svg, "path", { class: `points points${level} ${wide}`, d }); });
  ["failed", "unknown"].forEach((outcome, place) => drawStrip(chart, outcome, found[outcome], box.top - 8 - LATENCY_STRIP * (2 - place)));
  for (const [name] of LATENCY_LINES) drawPercentile(chart, name, windows);
}

function drawStrip({ svg, box, across }, outcome, rows, top) {
  const lefts = new Set(rows.map((row) => Math.round(across(run.timeline.operations.planned[row]))));
  draw(svg, "text", { class: "tick", x: box.left - 6, y: top + 11, "text-anchor": "end" }, outcome);
  draw(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: top + LATENCY_STRIP - 1, y2: top + LATENCY_STRIP - 1 });
  draw(svg, "path", { class: `latency-strip ${outcome}`, d: [...lefts].map((left) => `M${left} ${top + 2}v${LATENCY_STRIP - 4}`).join("") });
}

function drawPercentile({ svg, across, up }, name, windows) {
  let d = "";
  windows.forEach((each, place) => {
    if (each[name] === null) return;
    const joined = place && windows[place - 1][name] !== null;
    d += `${joined ? "V" : `M${across(each.from).toFixed(1)} `}${up(each[name]).toFixed(1)}H${across(each.until).toFixed(1)}`;
  });
  draw(svg, "path", { class: "percentile halo", d });
  draw(svg, "path", { class: `percentile ${name}`, d });
}

function readLatency(us, chart, { found, windows }, clientY = null) {
  const within = windows.find((each) => us < each.until) ?? windows.at(-1);
  const asked = (rows) => rows.filter((row) => {
    const due = run.timeline.operations.planned[row];
    return due >= within.from && (due < within.until || within === windows.at(-1));
  }).length;
  const lines = LATENCY_LINES.map(([name]) => ({ name, words: within[name] === null ? "too few" : sayLatency(within[name]) }));
  const rows = [
    ...lines,
    { name: "worst", words: within.worst === null ? "–" : sayLatency(within.worst) },
    { name: "answered", words: say(within.count) },
    ...["failed", "unknown"].map((outcome) => ({ name: outcome, words: say(asked(found[outcome])) })),
    ...pointUnder(us, chart, found, clientY),
  ];
  return { head: `due ${sayMoment(within.from)} to ${sayMoment(within.until)}`, rows };
}

// The operation that is drawn next to the pointer.
function pointUnder(us, chart, found, clientY) {
  if (clientY === null) return [];
  const room = chart.svg.getBoundingClientRect();
  const [left, top] = [chart.across(us), ((clientY - room.top) / room.width) * chart.width];
  let [nearest, best] = [null, 8];
  const near = (best / room.width) * (shown.to - shown.from) * 2;
  for (const row of found.ok) {
    if (Math.abs(run.timeline.operations.planned[row] - us) > near) continue;
    const far = Math.hypot(chart.across(run.timeline.operations.planned[row]) - left, chart.up(latencyOf(row)) - top);
    if (far < best) [nearest, best] = [row, far];
  }
  if (nearest === null) return [];
  const { operations: of, kinds, keys, nodes } = run.timeline;
  return [{ name: `op ${of.id[nearest]}: ${kinds[of.kind[nearest]]} ${keys[of.key[nearest]]} at ${nodes[of.node[nearest]]}`, words: sayLatency(latencyOf(nearest)) }];
}
