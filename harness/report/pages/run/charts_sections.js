// The sections of charts: what each chart is given.

const CAUSE_INKS = {
  "read repair": "ink0", "hinted handoff": "ink1", "anti-entropy": "ink2", "write repair": "ink3", "bootstrap": "ink4",
  "scrub": "ink5", "purgeable": "ink6", "purge": "ink7", "corrupt": "ink8",
  "foreground": "ink9", "hints": "ink1", "upkeep": "ink6",
};
const OUTCOME_INKS = { ok: "outcome-ok", failed: "outcome-failed", unknown: "outcome-unknown" };

const byId = (id) => document.getElementById(id);
const decoded = (all, name) => all.map((each) => ({ name: name(each), node: each.node, curve: columns(each.curve) }));

function nothing(id, words) {
  byId(id).replaceChildren(element("p", "empty", words));
}

function startDivergence() {
  const of = run.divergence;
  repairsAndMessages(of);
  hintsChart(of);
  if (!of.summary) {
    for (const id of ["apart", "behind", "repairs", "tombstones"]) nothing(id, "The replicas report no changes of their own: what each held is not known.");
    byId("pairs").hidden = true;
    return;
  }
  byId("divergence-summary").textContent = divergenceInWords(of.summary);
  const down = new Map(run.timeline.nodes.map((node, place) => [node, of.down[place] ?? []]));
  const replicas = (all) => decoded(all, (each) => each.node).map((each) => ({ ...each, down: down.get(each.node) }));
  curveChart(byId("apart"), { label: "Keys out of agreement", name: "keys out of agreement", curve: columns(of.total) });
  pairsChart(of);
  heatChart(byId("behind"), byId("behind-legend"), { label: "Keys that each replica holds differently from the newest", rows: replicas(of.behind) });
  const held = replicas(of.tombstones);
  rowsChart(byId("tombstones"), { label: "Tombstones held by each replica", rows: () => held });
}

function divergenceInWords({ keys, differed, worst, longest, open }) {
  if (!differed) return `None of ${say(keys)} keys was ever out of agreement.`;
  const still = open ? `${say(open)} still ${open === 1 ? "is" : "are"} at the end.` : "None is at the end.";
  return `${say(differed)} of ${say(keys)} keys were out of agreement at some time, for ${sayLatency(longest)} at most without a break; ${worst} for longest in all. ${still}`;
}

function pairsChart(of) {
  const pairs = decoded(of.pairs, (each) => each.nodes.join(" – "));
  const on = new Set(pairs.map((pair) => pair.name));
  const left = of.pairs_left_out ? ` (${say(of.pairs_left_out)} more, which were apart for less, are left out)` : "";
  switches(byId("pairs-legend"), `Pairs shown${left}`, [...on], on);
  rowsChart(byId("pairs"), { label: "Keys that the two replicas of a pair hold differently", rows: () => pairs.filter((pair) => on.has(pair.name)) });
}

function repairsAndMessages(of) {
  const { changes, words } = run.timeline;
  const met = new Set(Array.from(changes.cause, (number) => words[number]));
  const causes = Object.keys(CAUSE_INKS).filter((cause) => met.has(cause));
  const places = words.map((word) => causes.indexOf(word));
  const shownCauses = new Set(causes);
  if (causes.length) {
    switches(byId("repairs-legend"), "Causes shown", causes, shownCauses, CAUSE_INKS);
    const counted = (bins) => countedIn(bins, changes.at, causes, (row) => places[changes.cause[row]]);
    stackedChart(byId("repairs"), { label: "Copies changed by repair, by cause", names: causes, on: shownCauses, inks: CAUSE_INKS, counted });
  } else nothing("repairs", "No replica changed a copy but for a write.");
  messagesChart(of.messages);
}

function messagesChart({ wide, counts }) {
  const kinds = Object.keys(counts).filter((name) => counts[name].some((count) => count));
  if (!kinds.length) return nothing("messages", "No message was sent.");
  const on = new Set(kinds.filter((kind) => kind !== "foreground"));
  switches(byId("messages-legend"), "Causes shown", kinds, on, CAUSE_INKS);
  const counted = (bins) => kinds.map((kind) => {
    const sums = new Float64Array(bins.count);
    counts[kind].forEach((count, bin) => {
      const place = Math.floor(((bin + 0.5) * wide) / bins.wide) - bins.first;
      if (place >= 0 && place < bins.count) sums[place] += count;
    });
    return sums;
  });
  stackedChart(byId("messages"), { label: "Messages between replicas, by cause", names: kinds, on, inks: CAUSE_INKS, counted, least: wide });
}

function hintsChart(of) {
  if (!of.hints.length) return nothing("hints", "How many hints waited was not measured in this run. What was handed off is among the repairs.");
  const rows = decoded(of.hints, (each) => each.node);
  rowsChart(byId("hints"), { label: "Hints waiting at each node", rows: () => rows });
}

function startPerformance() {
  const { kinds, nodes } = run.timeline;
  const chosen = { kind: null, node: null };
  choice(byId("latency-kind"), "all kinds", kinds, (number) => { chosen.kind = number; });
  choice(byId("latency-node"), "all nodes", nodes, (number) => { chosen.node = number; });
  latencyChart(byId("latency"), { label: "How long operations took", chosen: () => chosen });
  rateChart(chosen);
  quantilesTable(run.performance.quantiles);
  spentChart("cpu", run.performance.cpu, "CPU of each replica, in percent of a core", (percent) => `${say(percent)} %`);
  spentChart("memory", run.performance.memory, "Memory of each replica", (kib) => `${say(kib / 1024)} MiB`);
}

function choice(select, all, names, choose) {
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
  switches(byId("rate-legend"), "Outcomes shown", names, on, OUTCOME_INKS);
  stackedChart(byId("rate"), { label: "Operations by outcome", names, on, inks: OUTCOME_INKS, counted });
}

function quantilesTable(rows) {
  const cells = (each) => [say(each.ok), say(each.failed), say(each.unknown), ...[0, 1, 2, 3].map((place) => (each.took.length ? sayLatency(each.took[place]) : "–"))];
  byId("quantiles").tBodies[0].replaceChildren(...rows.map((each) => {
    const head = element("th", "", `${each.kind || "all"}${each.node ? ` at ${each.node}` : ""}`);
    head.scope = "row";
    return element("tr", each.node ? "" : "sum", head, ...cells(each).map((cell) => element("td", "", cell)));
  }));
}

function spentChart(id, all, label, words) {
  if (!all.length) {
    const simulated = run.performance.stage === "simulation";
    return nothing(id, simulated ? "A simulated run has no processes: there is nothing to measure." : "No samples of the processes were taken in this run.");
  }
  const rows = decoded(all, (each) => each.node).map((each) => ({ ...each, down: run.divergence.down[run.timeline.nodes.indexOf(each.node)] }));
  rowsChart(byId(id), { label, rows: () => rows, words });
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
  for (const each of document.querySelectorAll(".stretch")) each.textContent = whole ? "The whole run is shown." : `Shown: ${sayMoment(shown.from)} to ${sayMoment(shown.to)}.`;
}

starts.push(startDivergence, startPerformance, startChartControls);
watchers.push(drawTimeCharts, tellStretch);
window.addEventListener("resize", () => show({}));
