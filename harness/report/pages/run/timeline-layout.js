// Where lanes stand, and how time becomes width. All lengths are CSS pixels.

const board = { width: 0, height: 0, left: 0, right: 0, perUs: 0, faults: [], clients: [], nodes: [], colours: {} };
const AXIS_HIGH = 24;
const PHASES_HIGH = 17;
const FAULT_HIGH = 17;
const FAULT_ROWS_MAX = 5;
const HEADING_HIGH = 20;

// Called when the width changes, not when time does.
function layTimeline() {
  const canvas = document.getElementById("timeline-canvas");
  const width = Math.max(200, canvas.clientWidth);
  const ratio = window.devicePixelRatio || 1;
  if (width === board.width && ratio === board.ratio) return;
  const left = Math.round(Math.min(width * 0.2, 110, 16 + 7 * Math.max(...laneLabels().map((label) => label.length))));
  Object.assign(board, { width, ratio, left, right: width - 8 });
  let top = AXIS_HIGH + PHASES_HIGH;
  board.faultTop = top;
  top += layFaults(top) + 6;
  board.bandTop = board.faultTop;
  board.clientHeading = top;
  top = layClients(top + HEADING_HIGH);
  board.nodeHeading = top + 4;
  top = layNodes(top + 4 + HEADING_HIGH);
  board.height = top + 4;
  canvas.style.height = `${board.height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(board.height * ratio);
  sizeColumns(width);
}

const laneLabels = () => [...run.timeline.clients, ...run.timeline.nodes, "replicas"];

// Faults that were on at once stand below each other, as far as there is room.
function layFaults(top) {
  const free = [];
  const last = [];
  board.faults = run.timeline.faults.map((fault) => {
    const place = free.findIndex((until) => until <= fault.from);
    const row = Math.min(place < 0 ? free.length : place, FAULT_ROWS_MAX - 1);
    free[row] = Math.max(free[row] ?? 0, fault.until ?? Infinity);
    const laid = { top: top + row * FAULT_HIGH, height: FAULT_HIGH - 3, next: Infinity };
    if (last[row]) last[row].next = fault.from; // how far its name may reach
    return (last[row] = laid);
  });
  return Math.max(1, free.length) * FAULT_HIGH;
}

// The more clients, the lower their lanes.
function layClients(top) {
  const bars = timelineData.lanes.reduce((sum, lane) => sum + Math.max(1, lane.length), 0);
  const bar = Math.max(5, Math.min(17, Math.floor(460 / Math.max(1, bars)) - 2));
  const gap = bar > 10 ? 7 : 3;
  board.bar = bar;
  board.clients = timelineData.lanes.map((lane) => {
    const height = Math.max(1, lane.length) * (bar + 2) - 2 + gap;
    const laid = { top, height, bar, first: top + Math.floor(gap / 2) };
    top += height;
    return laid;
  });
  return top;
}

function layNodes(top) {
  const height = run.timeline.nodes.length > 12 ? 22 : 30;
  board.nodes = run.timeline.nodes.map((_, node) => ({ top: top + node * height, height, first: top + node * height + 5, bar: height - 10 }));
  return top + board.nodes.length * height;
}

const acrossBoard = (us) => board.left + (us - shown.from) * board.perUs;
const timeOnBoard = (x) => shown.from + (x - board.left) / board.perUs;

function scaleTimeline() {
  board.perUs = (board.right - board.left) / (shown.to - shown.from);
}

// Colours as the style sheet has them, for light or dark.
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "panel", "text", "soft", "rule", "grid", "link", "band", "worse", "ok", "failed", "unknown", "bad"];
  for (const name of [...names, "held", "behind", "behind-line", "tomb", "down", "wash", "halo", "on-unknown"]) {
    board.colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
  makePatterns();
}
