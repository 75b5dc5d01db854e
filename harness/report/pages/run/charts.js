// Charts over time. All show the stretch that `shown` has, the faults as bands, and are read out alike: by pointer or by
// arrow keys. A drag chooses a stretch, a double click shows the whole.

const CHART_LEFT = 62;
const CHART_RIGHT = 10;
const FAULT_LANE = 15; // over the chart, with names
const FAULT_LINE = 4; // without
const timeCharts = [];
let faultsAreNamed = false;

// `it` has: label; layout(from, to), which gives { height, y, sayY, above } and what else its marks need; mark(chart,
// layout); read(us, chart, layout, clientY), which gives { head, rows: [{ name, words, ink }] }.
function timeChart(holder, it) {
  const plot = element("div", "plot");
  const chart = { ...it, plot, at: null, near: true };
  const attributes = { tabindex: 0, role: "slider", "aria-label": `${it.label}: read out along time`, "aria-valuemin": 0, "aria-valuemax": 100 };
  for (const [key, value] of Object.entries(attributes)) plot.setAttribute(key, value);
  holder.replaceChildren(plot);
  timeCharts.push(chart);
  chartsInView.observe(plot);
  pointedChart(chart);
  walkedChart(chart);
  return chart;
}

const chartsInView = new IntersectionObserver(
  (seen) => {
    for (const each of seen) timeCharts.find((chart) => chart.plot === each.target).near = each.isIntersecting;
    drawStale((chart) => chart.near);
  },
  { rootMargin: "300px" },
);

// Those near the window at once, the others when nothing has changed for a moment.
let chartsDrawnLater = 0;
function drawTimeCharts() {
  clearTimeout(chartsDrawnLater);
  for (const chart of timeCharts) chart.stale = true;
  drawStale((chart) => chart.near);
  chartsDrawnLater = setTimeout(() => drawStale(() => true), 150);
}

function drawStale(which) {
  for (const chart of timeCharts) if (chart.stale && which(chart)) drawTimeChart(chart);
}

function drawTimeChart(chart) {
  chart.stale = false;
  const { from, to } = shown;
  chart.laid = chart.layout(from, to);
  timeFrame(chart, from, to);
  chart.mark(chart, chart.laid);
  chart.cross = draw(chart.svg, "line", { class: "cross", y1: chart.box.top, y2: chart.box.bottom, visibility: "hidden" });
  chart.svg.setAttribute("aria-hidden", "true");
  chart.plot.replaceChildren(chart.svg);
  if (chart.at === null || chart.at < from || chart.at > to) chart.at = (from + to) / 2;
  tellTimeChart(chart);
  if (chart.reading) showTimeTip(chart);
}

// The empty chart: axes, and the faults behind all else.
function timeFrame(chart, from, to) {
  const { height, y = null, sayY = say, above = run.timeline.violations.length ? 10 : 4 } = chart.laid;
  const width = Math.max(240, chart.plot.clientWidth);
  const faults = laidFaults(from, to);
  const lanes = faults.length ? 1 + Math.max(...faults.map((each) => each.lane)) : 0;
  const top = lanes * (faultsAreNamed ? FAULT_LANE : FAULT_LINE) + above;
  const box = { left: CHART_LEFT, right: width - CHART_RIGHT, top, bottom: top + height };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${box.bottom + 24}`);
  const x = linear(from, to);
  const across = (us) => box.left + x.part(us) * (box.right - box.left);
  const up = (value) => box.bottom - y.part(value) * (box.bottom - box.top);
  Object.assign(chart, { svg, box, width, x, across, up });
  for (const each of faults) drawFault(chart, each);
  drawBroken(chart);
  for (const tick of y ? ticks(y, (all) => all.length < 7) : []) {
    draw(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: up(tick), y2: up(tick) });
    draw(svg, "text", { class: "tick", x: box.left - 6, y: up(tick) + 4, "text-anchor": "end" }, sayY(tick));
  }
  drawTimes(chart, from, to);
}

function drawTimes({ svg, box, across }, from, to) {
  const digits = timeDigits(to - from);
  const words = (tick) => `${tick.toFixed(digits)} s`;
  const half = (tick) => 3.6 * words(tick).length;
  const apart = (tick, next) => across(next * 1e6) - across(tick * 1e6) > half(tick) + half(next) + 14;
  const fit = (all) => all.every((each, index) => !index || apart(all[index - 1], each));
  for (const tick of ticks(linear(from / 1e6, to / 1e6), fit)) {
    const left = across(tick * 1e6);
    draw(svg, "line", { class: "axis", x1: left, x2: left, y1: box.bottom, y2: box.bottom + 4 });
    draw(svg, "text", { class: "tick", x: Math.min(left, box.right + 8 - half(tick)), y: box.bottom + 18, "text-anchor": "middle" }, words(tick));
  }
  draw(svg, "line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
}

const timeDigits = (span) => Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(span / 1e6))));
const sayMoment = (us) => `${(us / 1e6).toFixed(Math.min(6, timeDigits(shown.to - shown.from) + 1))} s`;

const faultName = (fault) => `${fault.kind} ${fault.targets.join(" ")}`.trim();
const faultEnd = (fault) => fault.until ?? run.timeline.end;
const faultsOn = (us) => run.timeline.faults.filter((fault) => fault.from <= us && us < faultEnd(fault));

// Those of a stretch, each in the first lane that is free.
function laidFaults(from, to) {
  const ends = [];
  const within = run.timeline.faults.filter((fault) => fault.from < to && faultEnd(fault) > from);
  return within.sort((a, b) => a.from - b.from).map((fault) => {
    const free = ends.findIndex((end) => end <= fault.from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = faultEnd(fault);
    return { fault, lane };
  });
}

function drawFault({ svg, box, across }, { fault, lane }) {
  const [left, right] = [Math.max(box.left, across(fault.from)), Math.min(box.right, across(faultEnd(fault)))];
  const wide = Math.max(1.5, right - left);
  draw(svg, "rect", { class: "fault", x: left, width: wide, y: box.top, height: box.bottom - box.top });
  const high = faultsAreNamed ? FAULT_LANE : FAULT_LINE;
  draw(svg, "rect", { class: "fault-lane", x: left, width: wide, y: high * lane, height: high - 1 });
  if (!faultsAreNamed) return;
  const words = [faultName(fault), fault.kind].find((each) => each.length * 6.4 + 8 < wide);
  if (words) draw(svg, "text", { class: "fault-name", x: left + 4, y: FAULT_LANE * lane + 10.5 }, words);
}

// Where a promise was seen to be broken.
function drawBroken({ svg, box, across }) {
  for (const at of new Set(run.timeline.violations.map((each) => Math.round(across(each.at) * 2) / 2))) {
    if (at >= box.left && at <= box.right) draw(svg, "path", { class: "broken", d: `M${at} ${box.top}l4 -8h-8Z` });
  }
}

function tellTimeChart(chart, clientY = null) {
  const { head, rows } = chart.read(chart.at, chart, chart.laid, clientY);
  const faults = faultsOn(chart.at).map(faultName);
  chart.plot.setAttribute("aria-valuenow", Math.round(100 * chart.x.part(chart.at)));
  chart.plot.setAttribute("aria-valuetext", [head, ...rows.map(({ name, words }) => `${name} ${words}`.trim()), ...faults].join("; "));
  return { head, rows, faults };
}

function showTimeTip(chart, clientY = null) {
  const { head, rows, faults } = tellTimeChart(chart, clientY);
  const left = chart.across(chart.at);
  for (const each of ["x1", "x2"]) chart.cross.setAttribute(each, left);
  chart.cross.setAttribute("visibility", "visible");
  const lines = rows.map(({ name, words, ink }) => {
    const key = element("span", `chart-key ${ink ?? "none"}`);
    return element("div", "row reading", key, element("span", "name", name), element("b", "", words));
  });
  const on = faults.length ? [element("div", "on", `on: ${faults.join(", ")}`)] : [];
  const room = chart.svg.getBoundingClientRect();
  showTip(chart, [element("div", "head", head), ...lines, ...on], room.left + (left / chart.width) * room.width, clientY ?? room.top + 30);
  chart.reading = true;
}

function hideTimeTip(chart) {
  chart.reading = false;
  chart.cross?.setAttribute("visibility", "hidden");
  hideTip(chart);
}
