// The whole run in a strip: how much was asked when, what went wrong, and the window in it.

const overviewStrip = { sheet: null, width: 0, drag: null };
const OVERVIEW_HIGH = 52;

function forgetOverview() {
  overviewStrip.sheet = null;
}

// Operations in columns, with the share of those that were not ok on top: drawn once, the window is laid over it.
function drawOverview(width, ratio) {
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(width * ratio);
  sheet.height = OVERVIEW_HIGH * ratio;
  const pen = sheet.getContext("2d");
  pen.scale(ratio, ratio);
  const perUs = (width - 2) / timelineData.end;
  const { colours } = board;
  for (const { from, until } of run.timeline.faults) {
    pen.fillStyle = colours.wash;
    pen.fillRect(from * perUs, 0, Math.max(1.5, ((until ?? timelineData.end) - from) * perUs), OVERVIEW_HIGH);
  }
  const counts = countColumns(Math.ceil(width / 3), perUs / 3);
  const most = Math.max(1, ...counts[0]);
  const high = (count) => (count ? Math.max(2, (count / most) * (OVERVIEW_HIGH - 14)) : 0);
  counts[0].forEach((all, column) => {
    const odd = high(counts[1][column]);
    pen.fillStyle = colours.ok;
    pen.fillRect(column * 3, OVERVIEW_HIGH - high(all), 2, high(all) - odd);
    pen.fillStyle = colours.unknown;
    pen.fillRect(column * 3, OVERVIEW_HIGH - odd, 2, odd);
  });
  for (const { at } of timelineData.steps) markViolation(pen, Math.max(5, at * perUs), 8);
  Object.assign(overviewStrip, { sheet, width, ratio });
}

// How many were asked in each column, and how many of these did not end well.
function countColumns(columns, perUs) {
  const [all, odd] = [new Float64Array(columns), new Float64Array(columns)];
  const { at, outcome } = run.timeline.operations;
  timelineShown.mask.forEach((is, row) => {
    if (!is) return;
    const column = Math.min(columns - 1, Math.floor(at[row] * perUs));
    all[column] += 1;
    if (outcome[row]) odd[column] += 1;
  });
  return [all, odd];
}

function paintOverview() {
  const canvas = document.getElementById("timeline-overview");
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!overviewStrip.sheet || overviewStrip.width !== width || overviewStrip.ratio !== ratio) {
    canvas.width = Math.round(width * ratio);
    canvas.height = OVERVIEW_HIGH * ratio;
    drawOverview(width, ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, OVERVIEW_HIGH);
  pen.fillStyle = board.colours.panel;
  pen.fillRect(0, 0, width, OVERVIEW_HIGH);
  pen.drawImage(overviewStrip.sheet, 0, 0, width, OVERVIEW_HIGH);
  const perUs = (width - 2) / timelineData.end;
  const [from, wide] = [shown.from * perUs, Math.max(3, (shown.to - shown.from) * perUs)];
  pen.fillStyle = board.colours.ground;
  pen.globalAlpha = 0.6;
  pen.fillRect(0, 0, from, OVERVIEW_HIGH);
  pen.fillRect(from + wide, 0, width, OVERVIEW_HIGH);
  pen.globalAlpha = 1;
  pen.strokeStyle = board.colours.link;
  pen.lineWidth = 2;
  pen.strokeRect(from + 1, 1, wide, OVERVIEW_HIGH - 2);
}

// A drag within the window moves it; one beside it chooses a new one; a press alone brings it there.
function startOverview() {
  const canvas = document.getElementById("timeline-overview");
  const us = (event) => (event.offsetX / Math.max(1, canvas.clientWidth - 2)) * timelineData.end;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const at = us(event);
    const inside = at > shown.from && at < shown.to && shown.to - shown.from < 0.98 * timelineData.end;
    overviewStrip.drag = { at, x: event.offsetX, inside, from: shown.from, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const { drag } = overviewStrip;
    if (!drag || (!drag.moved && Math.abs(event.offsetX - drag.x) < 4)) return;
    drag.moved = true;
    if (drag.inside) moveWindow(drag.from + us(event) - drag.at - shown.from);
    else setWindow(Math.min(drag.at, us(event)), Math.max(drag.at, us(event)));
  });
  canvas.addEventListener("pointerup", () => {
    if (overviewStrip.drag && !overviewStrip.drag.moved) moveWindow(overviewStrip.drag.at - (shown.from + shown.to) / 2);
    overviewStrip.drag = null;
  });
  canvas.addEventListener("pointercancel", () => { overviewStrip.drag = null; });
}
