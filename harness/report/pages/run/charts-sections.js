// The sections of charts: what each chart is given.

const CAUSE_INKS = {
  "read repair": "ink0", "hinted handoff": "ink1", "anti-entropy": "ink2", "write repair": "ink3", "bootstrap": "ink4",
  "scrub": "ink5", "purgeable": "ink6", "purge": "ink7", "corrupt": "ink8",
  "foreground": "ink9", "hints": "ink1", "upkeep": "ink6",
};
const OUTCOME_INKS = { ok: "outcome-ok", failed: "outcome-failed", unknown: "outcome-unknown" };

const chartPlace = (id) => document.getElementById(id);
const curvesOfNodes = (all) => all.map(({ node, curve }) => ({ name: node, curve: columns(curve), down: run.divergence.down[node] }));

function chartNothing(id, words) {
  chartPlace(id).replaceChildren(element("p", "empty", words));
  for (const each of chartPlace(id).parentElement.querySelectorAll("figcaption, .chart-switches, .heat-legend")) each.hidden = true;
}

function startDivergence() {
  const of = run.divergence;
  repairsAndMessages(of);
  hintsChart(of);
  if (!of.summary) {
    for (const id of ["apart", "pairs", "behind", "tombstones"]) chartNothing(id, "The replicas report no changes of their own: what each held is not known.");
    return;
  }
  chartPlace("divergence-summary").textContent = divergenceInWords(of.summary);
  curveChart(chartPlace("apart"), { label: "Keys out of agreement", name: "keys out of agreement", curve: columns(of.total) });
  pairsChart(of);
  heatChart(chartPlace("behind"), chartPlace("behind-legend"), { label: "Keys that each replica holds differently from the newest", rows: curvesOfNodes(of.behind) });
  const held = curvesOfNodes(of.tombstones);
  rowsChart(chartPlace("tombstones"), { label: "Tombstones held by each replica", rows: () => held });
}

function divergenceInWords({ keys, differed, worst, longest, open }) {
  if (!differed) return `None of ${say(keys)} keys was ever out of agreement.`;
  const still = open ? `${say(open)} still ${open === 1 ? "is" : "are"} at the end.` : "None is at the end.";
  return `${say(differed)} of ${say(keys)} keys were out of agreement at some time, for ${sayLatency(longest)} at most without a break; ${worst} for longest in all. ${still}`;
}

function pairsChart(of) {
  const pairs = of.pairs.map(({ nodes, curve }) => ({ name: nodes.join(" and "), curve: columns(curve) }));
  const on = new Set(pairs.map((pair) => pair.name));
  const left = of.pairs_left_out ? ` (${say(of.pairs_left_out)} more, which were apart for less, are left out)` : "";
  chartSwitches(chartPlace("pairs-legend"), `Pairs shown${left}`, [...on], on);
  rowsChart(chartPlace("pairs"), { label: "Keys that the two replicas of a pair hold differently", rows: () => pairs.filter((pair) => on.has(pair.name)) });
}

// What is no repair is off at first, unless there is nothing else.
function repairing(causes) {
  const repairs = causes.filter((cause) => !["purgeable", "purge", "foreground", "upkeep"].includes(cause));
  return new Set(repairs.length ? repairs : causes);
}

function repairsAndMessages(of) {
  const { changes, words } = run.timeline;
  const met = new Set(Array.from(changes.cause, (number) => words[number]));
  const causes = Object.keys(CAUSE_INKS).filter((cause) => met.has(cause)); // a write is none
  const places = words.map((word) => causes.indexOf(word));
  const on = repairing(causes);
  if (causes.length) {
    chartSwitches(chartPlace("repairs-legend"), "Causes shown", causes, on, CAUSE_INKS);
    const counted = (bins) => countedIn(bins, changes.at, causes, (row) => places[changes.cause[row]]);
    stackedChart(chartPlace("repairs"), { label: "Copies changed by repair, by cause", names: causes, on, inks: CAUSE_INKS, counted });
  } else chartNothing("repairs", "No replica changed a copy but for a write.");
  messagesChart(of.messages);
}

function messagesChart({ wide, counts }) {
  const kinds = Object.keys(counts).filter((name) => counts[name].some((count) => count));
  if (!kinds.length) return chartNothing("messages", "No message was sent.");
  const on = repairing(kinds);
  chartSwitches(chartPlace("messages-legend"), "Causes shown", kinds, on, CAUSE_INKS);
  const counted = (bins) => kinds.map((kind) => {
    const sums = new Float64Array(bins.count);
    counts[kind].forEach((count, bin) => {
      const place = Math.floor(((bin + 0.5) * wide) / bins.wide) - bins.first;
      if (place >= 0 && place < bins.count) sums[place] += count;
    });
    return sums;
  });
  stackedChart(chartPlace("messages"), { label: "Messages between replicas, by cause", names: kinds, on, inks: CAUSE_INKS, counted, least: wide });
}

function hintsChart(of) {
  if (!of.hints.length) return chartNothing("hints", "How many hints waited was not measured in this run. What was handed off is among the repairs.");
  const rows = curvesOfNodes(of.hints);
  rowsChart(chartPlace("hints"), { label: "Hints waiting at each node", rows: () => rows });
}

function startPerformance() {
  const { kinds, nodes } = run.timeline;
  const chosen = { kind: null, node: null };
  chartChoice(chartPlace("latency-kind"), "all kinds", kinds, (number) => { chosen.kind = number; });
  chartChoice(chartPlace("latency-node"), "all nodes", nodes, (number) => { chosen.node = number; });
  latencyChart(chartPlace("latency"), { label: "How long operations took", chosen: () => chosen });
  rateChart(chosen);
  quantilesTable(run.performance.quantiles);
  spentChart("cpu", run.performance.cpu, "CPU of each replica, in percent of a core", (percent) => `${say(percent)} %`);
  spentChart("memory", run.performance.memory, "Memory of each replica", (kib) => `${say(kib / 1024)} MiB`);
}

function chartChoice(select, all, names, choose) {
  select.replaceChildren(element("option", "", all), ...names.map((name) => element("option", "", name)));
  select.onchange = () => {
    choose(select.selectedIndex ? select.selectedIndex - 1 : null);
    drawTimeCharts();
  };
}

// An operation counts when it was answered; one that never was, when it was asked for.
function rateChart(chosen) {
  const of = run.timeline.operations;
  const names = Object.keys(OUTCOME_INKS);
  const ended = of.at.map((at, row) => at + Math.max(0, of.took[row]));
  const wanted = (row) => (chosen.kind === null || of.kind[row] === chosen.kind) && (chosen.node === null || of.node[row] === chosen.node);
  const counted = (bins) => countedIn(bins, ended, names, (row) => (wanted(row) ? names.indexOf(outcomeOf(row)) : -1));
  const on = new Set(names);
  chartSwitches(chartPlace("rate-legend"), "Outcomes shown", names, on, OUTCOME_INKS);
  stackedChart(chartPlace("rate"), { label: "Operations by outcome", names, on, inks: OUTCOME_INKS, counted });
}

function quantilesTable(rows) {
  const cells = (each) => [say(each.ok), say(each.failed), say(each.unknown), ...each.took.map((us) => (us === null ? "–" : sayLatency(us)))];
  chartPlace("quantiles").tBodies[0].replaceChildren(...rows.map((each) => {
    const head = element("th", "", `${each.kind || "all"}${each.node ? ` at ${each.node}` : ""}`);
    head.scope = "row";
    return element("tr", each.node ? "" : "sum", head, ...cells(each).map((cell) => element("td", "", cell)));
  }));
}

function spentChart(id, all, label, words) {
  if (!all.length) {
    const simulated = run.performance.stage === "simulation";
    return chartNothing(id, simulated ? "A simulated run has no processes: there is nothing to measure." : "No samples of the processes were taken in this run.");
  }
  const rows = curvesOfNodes(all);
  rowsChart(chartPlace(id), { label, rows: () => rows, words });
}

function startChartControls() {
  for (const box of document.querySelectorAll(".name-faults")) {
    box.onchange = () => {
      faultsAreNamed = box.checked;
      for (const each of document.querySelectorAll(".name-faults")) each.checked = faultsAreNamed;
      drawTimeCharts();
    };
  }
  for (const button of document.querySelectorAll(".show-whole")) button.onclick = showWhole;
}

function tellStretch() {
  const whole = shown.from <= 0 && shown.to >= run.timeline.end;
  for (const button of document.querySelectorAll(".show-whole")) button.disabled = whole;
  for (const each of document.querySelectorAll(".chart-stretch")) each.textContent = whole ? "The whole run is shown." : `Shown: ${sayMoment(shown.from)} to ${sayMoment(shown.to)}.`;
}

starts.push(startDivergence, startPerformance, startChartControls);
watchers.push(drawTimeCharts, tellStretch);
window.addEventListener("resize", () => show({}));
