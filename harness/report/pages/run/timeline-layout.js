// Where lanes stand, and how time becomes width. All lengths are CSS pixels.

const plot = { width: 0, height: 0, left: 0, right: 0, perUs: 0, faults: [], clients: [], nodes: [], colours: {} };
const AXIS = 24;
const PHASES = 17;
const FAULT = 17;
const FAULT_ROWS_MAX = 5;
const HEADING = 20;

// Called when the width changes, not when time does.
function layTimeline() {
  const canvas = document.getElementById("timeline-canvas");
  const width = Math.max(200, canvas.clientWidth);
  const ratio = window.devicePixelRatio || 1;
  if (width === plot.width && ratio === plot.ratio) return;
  const left = Math.round(Math.min(width * 0.2, 110, 16 + 7 * Math.max(...labels().map((label) => label.length))));
  Object.assign(plot, { width, ratio, left, right: width - 8 });
  let top = AXIS + PHASES;
  plot.faultTop = top;
  top += layFaults(top) + 6;
  plot.bandTop = plot.faultTop;
  plot.clientHeading = top;
  top = layClients(top + HEADING);
  plot.nodeHeading = top + 4;
  top = layNodes(top + 4 + HEADING);
  plot.height = top + 4;
  canvas.style.height = `${plot.height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(plot.height * ratio);
  sizeColumns(width);
}

const labels = () => [...run.timeline.clients, ...run.timeline.nodes, "replicas"];

// Faults that were on at once stand below each other, as far as there is room.
function layFaults(top) {
  const free = [];
  plot.faults = run.timeline.faults.map((fault) => {
    const place = free.findIndex((until) => until <= fault.from);
    const row = Math.min(place < 0 ? free.length : place, FAULT_ROWS_MAX - 1);
    free[row] = Math.max(free[row] ?? 0, fault.until ?? Infinity);
    return { top: top + row * FAULT, height: FAULT - 3 };
  });
  return Math.max(1, free.length) * FAULT;
}

// The more clients, the lower their lanes.
function layClients(top) {
  const bars = timelineData.lanes.reduce((sum, lane) => sum + Math.max(1, lane.length), 0);
  const bar = Math.max(5, Math.min(17, Math.floor(460 / Math.max(1, bars)) - 2));
  const gap = bar > 10 ? 7 : 3;
  plot.bar = bar;
  plot.clients = timelineData.lanes.map((lane) => {
    const height = Math.max(1, lane.length) * (bar + 2) - 2 + gap;
    const laid = { top, height, bar, first: top + Math.floor(gap / 2) };
    top += height;
    return laid;
  });
  return top;
}

function layNodes(top) {
  const height = run.timeline.nodes.length > 12 ? 22 : 30;
  plot.nodes = run.timeline.nodes.map((_, node) => ({ top: top + node * height, height, first: top + node * height + 5, bar: height - 10 }));
  return top + plot.nodes.length * height;
}

const across = (us) => plot.left + (us - shown.from) * plot.perUs;
const timeAt = (x) => shown.from + (x - plot.left) / plot.perUs;

function scaleTimeline() {
  plot.perUs = (plot.right - plot.left) / (shown.to - shown.from);
}

// Colours as the style sheet has them, for light or dark.
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "panel", "text", "soft", "rule", "grid", "link", "band", "ok", "failed", "unknown", "bad"];
  for (const name of [...names, "held", "behind", "behind-line", "tomb", "down", "wash", "halo"]) {
    plot.colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  makePatterns();
}
