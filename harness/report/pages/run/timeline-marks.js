// The markState that stand for outcomes and for what is held: each has a shape or a pattern of its own beside its colour.

const markState = { columns: new Uint8Array(0), drawn: 0 };
const FADE_WIDE = 18; // pixels beyond the end of an operation whose outcome is not known
const FINE_BARS = 3; // what is narrower shares its columns of pixels with others
const OPEN_WIDE = 60;

function sizeColumns(width) {
  markState.columns = new Uint8Array(width + 1);
}

function fillBox(pen, colour, x, y, wide, high) {
  pen.fillStyle = colour;
  pen.fillRect(x, y, wide, high);
  markState.drawn += 1;
}

// Stripes of a colour over another, as a pattern: slanted to the right, to the left or both, or upright.
function stripesOf(pen, ground, line, way) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const paint = tile.getContext("2d");
  paint.fillStyle = ground;
  paint.fillRect(0, 0, 8, 8);
  paint.strokeStyle = line;
  paint.lineWidth = 1.2;
  const slants = { right: [[0, 8, 8, 0], [-2, 2, 2, -2], [6, 10, 10, 6]], left: [[0, 0, 8, 8], [-2, 6, 2, 10], [6, -2, 10, 2]], upright: [[2, 0, 2, 8], [6, 0, 6, 8]] };
  const lines = way === "both" ? [...slants.right, ...slants.left] : slants[way];
  for (const [x, y, toX, toY] of lines) {
    paint.beginPath();
    paint.moveTo(x, y);
    paint.lineTo(toX, toY);
    paint.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

function makePatterns() {
  const pen = document.getElementById("timeline-canvas").getContext("2d");
  const it = board.colours;
  board.hatched = stripesOf(pen, it.unknown, it.ground, "right");
  board.older = stripesOf(pen, it.behind, it["behind-line"], "right");
  board.gone = stripesOf(pen, it.panel, it.soft, "both");
  board.paused = stripesOf(pen, it.panel, it.soft, "upright");
  for (const name of ["unknown", "bad"]) {
    const fade = pen.createLinearGradient(0, 0, 1, 0); // of width 1: stretched where it is drawn
    fade.addColorStop(0, `${it[name]}f0`);
    fade.addColorStop(0.5, `${it[name]}b0`);
    fade.addColorStop(1, `${it[name]}00`);
    board[`fading-${name}`] = fade;
  }
}

// One operation. `bar` is how high a bar of its lane is.
function markOperation(pen, kind, outcome, x, y, wide, bar) {
  const it = board.colours;
  if (outcome === WAS_FAILED) fillBox(pen, kind === VIOLATES ? it.bad : it.failed, x, y + bar / 2, wide, bar / 2);
  else if (outcome >= WAS_UNKNOWN) {
    markFading(pen, kind === VIOLATES ? "bad" : "unknown", x, y, outcome === STAYED_OPEN ? OPEN_WIDE : wide + FADE_WIDE, bar);
    if (outcome === WAS_UNKNOWN) fillBox(pen, kind === VIOLATES ? it.bad : it.unknown, x + wide - 1, y + bar / 4, 1.5, bar / 2);
  }
  else fillBox(pen, kind === VIOLATES ? it.bad : it.ok, x, y, wide, bar);
  if (kind === VIOLATES) markViolation(pen, x + Math.min(wide, 10) / 2, y);
}

function markFading(pen, name, x, y, wide, bar) {
  pen.save();
  pen.translate(x, 0);
  pen.scale(wide, 1);
  fillBox(pen, board[`fading-${name}`], 0, y, 1, bar);
  pen.restore();
  fillBox(pen, board.colours[name], x, y, 2, bar);
}

// A point above the bar: no other mark has one.
function markViolation(pen, x, y) {
  pen.fillStyle = board.colours.bad;
  pen.beginPath();
  pen.moveTo(x - 5, y - 5);
  pen.lineTo(x + 5, y - 5);
  pen.lineTo(x, y + 1);
  pen.fill();
  markState.drawn += 1;
}

// A column of pixels shows the most serious of what falls on it; neighbours that are the same are one rectangle.
function markColumns(pen, y, bar, paint, first, last) {
  const { columns } = markState;
  for (let x = first; x <= last; x += 1) {
    const kind = columns[x];
    if (!kind) continue;
    let end = x + 1;
    while (end <= last && columns[end] === kind) end += 1;
    paint(pen, kind, x, y, end - x, bar);
    x = end - 1;
  }
  columns.fill(0, first, last + 1);
}

function paintColumn(pen, kind, x, y, wide, bar) {
  const it = board.colours;
  if (kind === WAS_FAILED) fillBox(pen, it.failed, x, y + bar / 2, wide, bar / 2);
  else if (kind === WAS_UNKNOWN || kind === STAYED_OPEN) fillBox(pen, board.hatched, x, y, wide, bar);
  else if (kind === WAS_OK) fillBox(pen, it.ok, x, y, wide, bar);
  else {
    fillBox(pen, it.bad, x, y - 2, Math.max(2, wide), bar + 4);
    markViolation(pen, x + wide / 2, y);
  }
}

// As many letters as there is room for.
function writeIn(pen, text, x, y, wide, colour, letter = 6.1) {
  const room = Math.floor(wide / letter);
  if (room < 2) return;
  pen.fillStyle = colour;
  pen.fillText(text.length <= room ? text : `${text.slice(0, room - 1)}…`, x, y);
}
