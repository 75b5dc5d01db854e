// Messages as lines from lane to lane, on demand: those of the key, or those of what is picked.

const MESSAGES_DRAWN_MAX = 1500;
const drawnMessages = { rows: new Int32Array(MESSAGES_DRAWN_MAX), ends: new Float32Array(4 * MESSAGES_DRAWN_MAX), count: 0, all: 0 };

function chosenMessages() {
  if (timelineFilters.messages === "key") return timelineData.messagesOfKey(shown.key ?? -1);
  if (timelineFilters.messages === "picked") return messagesOfEvent(pickedEvent());
  return NO_ROWS;
}

function messagesOfEvent(event) {
  if (event?.what === "message") return Int32Array.of(event.row);
  const { operations, changes, words } = run.timeline;
  if (event?.what === "operation") return timelineData.messagesOfOrigin(timelineData.words.get(`op ${operations.id[event.row]}`) ?? -1);
  if (event?.what !== "change") return NO_ROWS;
  const origin = changes.origin[event.row];
  return words[origin]?.startsWith("op ") ? timelineData.messagesOfOrigin(origin) : carriersOf(event.row);
}

// The messages with the id that a change names, to the node that changed.
function carriersOf(change) {
  const { changes, messages, words, nodes } = run.timeline;
  if (changes.message[change] < 0) return NO_ROWS;
  const [, sender, number] = words[changes.message[change]].match(/^([^]*)\/(\d+)$/) ?? [];
  const from = nodes.indexOf(sender);
  const found = [];
  for (let row = 0; row < messages.count; row += 1) {
    if (messages.number[row] === Number(number) && messages.from[row] === from && messages.to[row] === changes.node[change]) found.push(row);
  }
  return Int32Array.from(found);
}

function paintMessages(pen) {
  const { messages } = run.timeline;
  const rows = chosenMessages();
  const note = document.getElementById("timeline-note");
  drawnMessages.count = drawnMessages.all = 0;
  const stop = firstRowAt(rows, shown.to);
  for (let place = 0; place < stop; place += 1) {
    const row = rows[place];
    if (messages.at[row] + Math.max(0, messages.took[row]) < shown.from) continue;
    drawnMessages.all += 1;
    if (drawnMessages.count < MESSAGES_DRAWN_MAX) drawnMessages.rows[drawnMessages.count++] = row;
  }
  const tooMany = drawnMessages.all > MESSAGES_DRAWN_MAX;
  if (tooMany) drawnMessages.count = 0;
  for (let place = 0; place < drawnMessages.count; place += 1) paintMessage(pen, place);
  const left = run.timeline.messages_left_out;
  note.textContent = tooMany
    ? `${say(drawnMessages.all)} messages in this stretch are too many to draw: zoom in until there are no more than ${say(MESSAGES_DRAWN_MAX)}.`
    : left ? `${say(left)} messages are not in this page, which would be too large: the raw history has them.` : "";
  note.hidden = timelineFilters.messages === "none" || !note.textContent;
}

function firstRowAt(rows, us) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (run.timeline.messages.at[rows[middle]] < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

// What was lost ends on its way, with a cross.
function paintMessage(pen, place) {
  const { messages } = run.timeline;
  const row = drawnMessages.rows[place];
  const lost = messages.took[row] < 0;
  const [from, to] = [board.nodes[messages.from[row]], board.nodes[messages.to[row]]];
  if (!from || !to) return;
  const down = to.top > from.top;
  const x = acrossBoard(messages.at[row]);
  const y = down ? from.first + from.bar - 2 : from.first + 2;
  const aim = down ? to.first + 1 : to.first + to.bar - 1;
  const endX = lost ? x + 14 : acrossBoard(messages.at[row] + messages.took[row]);
  const endY = lost ? y + (aim - y) * 0.6 : aim;
  drawnMessages.ends.set([x, y, endX, endY], 4 * place);
  const lit = pickedEvent()?.what === "message" && pickedEvent().row === row;
  pen.strokeStyle = pen.fillStyle = lost ? board.colours.worse : lit ? board.colours.link : board.colours.text;
  pen.lineWidth = lit ? 2.5 : lost ? 1.6 : 1;
  pen.globalAlpha = lit || drawnMessages.count < 60 ? 0.9 : 0.55;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(endX, endY);
  if (lost) crossAt(pen, endX, endY);
  pen.stroke();
  if (!lost) arrowHead(pen, x, y, endX, endY);
  pen.globalAlpha = pen.lineWidth = 1;
}

function crossAt(pen, x, y) {
  pen.moveTo(x - 4.5, y - 4.5);
  pen.lineTo(x + 4.5, y + 4.5);
  pen.moveTo(x - 4.5, y + 4.5);
  pen.lineTo(x + 4.5, y - 4.5);
}

function arrowHead(pen, x, y, endX, endY) {
  const angle = Math.atan2(endY - y, endX - x);
  pen.beginPath();
  pen.moveTo(endX, endY);
  for (const side of [-0.4, 0.4]) pen.lineTo(endX - 7 * Math.cos(angle + side), endY - 7 * Math.sin(angle + side));
  pen.fill();
}

// The line within 4 pixels of a point, the nearest.
function messageAt(x, y) {
  let [best, least] = [-1, 4];
  for (let place = 0; place < drawnMessages.count; place += 1) {
    const [x1, y1, x2, y2] = drawnMessages.ends.subarray(4 * place, 4 * place + 4);
    const long = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
    const part = Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long));
    const off = Math.hypot(x - x1 - part * (x2 - x1), y - y1 - part * (y2 - y1));
    if (off < least) [best, least] = [drawnMessages.rows[place], off];
  }
  return best;
}
