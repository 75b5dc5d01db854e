// One frame of the timeline, from the ground up.

let timelineAsked = false;

// For what only the timeline shows, like a stretch that is being chosen.
function askForPaint() {
  if (timelineAsked) return;
  timelineAsked = true;
  requestAnimationFrame(() => {
    timelineAsked = false;
    paintTimeline();
  });
}

function paintTimeline() {
  layTimeline();
  scaleTimeline();
  const canvas = document.getElementById("timeline-canvas");
  const pen = canvas.getContext("2d");
  markState.drawn = 0;
  pen.setTransform(board.ratio, 0, 0, board.ratio, 0, 0);
  pen.clearRect(0, 0, board.width, board.height);
  pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  pen.textBaseline = "middle";
  paintGround(pen);
  pen.save();
  pen.beginPath();
  pen.rect(board.left, 0, board.right - board.left, board.height);
  pen.clip();
  paintFaults(pen);
  paintClients(pen);
  paintReplicas(pen);
  paintMessages(pen);
  paintPicked(pen);
  paintChoice(pen);
  pen.restore();
  canvas.dataset.rectangles = markState.drawn;
  canvas.dataset.messages = drawnMessages.count;
  canvas.dataset.from = Math.round(shown.from);
  canvas.dataset.to = Math.round(shown.to);
  canvas.dataset.left = board.left;
  canvas.dataset.right = board.right;
}

function paintGround(pen) {
  const { colours, left, right, width } = board;
  paintAxis(pen, right);
  paintPhases(pen);
  const lanes = [...board.clients.map((lane, at) => [lane, run.timeline.clients[at]]), ...board.nodes.map((lane, at) => [lane, run.timeline.nodes[at]])];
  for (const [{ top, height }, name] of lanes) {
    pen.fillStyle = colours.grid;
    pen.fillRect(0, top + height - 1, width, 1);
    if (height > 8) writeIn(pen, name, 4, top + height / 2, left - 8, colours.text, 6.6);
  }
  pen.font = "600 11px system-ui, 'DejaVu Sans', sans-serif";
  writeIn(pen, "Clients", 4, board.clientHeading + HEADING_HIGH / 2, width, colours.soft, 5);
  const key = run.timeline.keys[shown.key];
  writeIn(pen, key === undefined ? "Replicas" : `Replicas: what each holds of ${key}`, 4, board.nodeHeading + HEADING_HIGH / 2, width - 8, colours.soft, 6.4);
  pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  writeIn(pen, "faults", 4, board.faultTop + FAULT_HIGH / 2 - 1, left - 8, colours.soft, 5.5);
}

function paintAxis(pen, right) {
  const scale = linear(shown.from / 1e6, shown.to / 1e6);
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10((scale.high - scale.low) / 10))));
  const room = 7 * (digits + 4) + 18;
  const all = ticks(scale, (found) => found.length * room < board.right - board.left);
  pen.textAlign = "center";
  for (const tick of all) {
    const x = acrossBoard(tick * 1e6);
    if (x < board.left || x > right) continue;
    pen.fillStyle = board.colours.grid;
    pen.fillRect(x, AXIS_HIGH - 6, 1, board.height - AXIS_HIGH);
    pen.fillStyle = board.colours.soft;
    if (x > board.left + 12 && x < right - 10) pen.fillText(`${tick.toFixed(digits)}`, x, AXIS_HIGH / 2 - 1);
  }
  pen.textAlign = "left";
  pen.fillStyle = board.colours.soft;
  pen.fillText("seconds", 4, AXIS_HIGH / 2 - 1);
}

// Unrest, mend and settled: where each begins, with its name as long as there is room.
function paintPhases(pen) {
  const { phases } = run.timeline;
  phases.forEach(({ name, at }, place) => {
    const until = phases[place + 1]?.at ?? timelineData.end;
    if (name === "end" || until < shown.from || at > shown.to) return;
    const [x, end] = [Math.max(board.left, acrossBoard(at)), Math.min(board.right, acrossBoard(until))];
    pen.fillStyle = board.colours.panel;
    pen.fillRect(x, AXIS_HIGH, end - x, PHASES_HIGH - 4);
    writeIn(pen, name, x + 5, AXIS_HIGH + (PHASES_HIGH - 4) / 2, end - x - 6, board.colours.soft, 6);
    if (at <= shown.from || !place) return;
    pen.strokeStyle = board.colours.soft;
    pen.setLineDash([2, 3]);
    pen.strokeRect(Math.round(x) + 0.5, AXIS_HIGH, 0, board.height - AXIS_HIGH);
    pen.setLineDash([]);
  });
}

function paintFaults(pen) {
  const { faults } = run.timeline;
  faults.forEach((fault, number) => {
    const from = acrossBoard(fault.from);
    const until = acrossBoard(fault.until ?? timelineData.end);
    if (until < board.left || from > board.right || (timelineFilters.fault >= 0 && timelineFilters.fault !== number)) return;
    const x = Math.max(board.left, from);
    const wide = Math.max(1.5, Math.min(board.right, until) - x);
    const { top, height, next } = board.faults[number];
    const { band, wash, text } = board.colours;
    fillBox(pen, wash, x, top, wide, board.height - top);
    pen.fillStyle = band;
    pen.globalAlpha = 0.3;
    pen.fillRect(x, top, wide, height);
    pen.globalAlpha = 0.8;
    if (from >= board.left) pen.fillRect(x, top, 1.5, board.height - top);
    pen.fillRect(x, top + height - 1.5, wide, 1.5);
    pen.globalAlpha = 1;
    if (wide > 40) writeIn(pen, nameOfFault(fault), x + 5, top + height / 2, wide - 6, text);
    else writeIn(pen, nameOfFault(fault), x + wide + 4, top + height / 2, Math.min(board.right, acrossBoard(next)) - x - wide - 6, text);
  });
}

// A frame around what is picked; of an operation also when it was asked and answered, down to its coordinator.
function paintPicked(pen) {
  const event = pickedEvent();
  const place = event && placeOf(event);
  if (!place) return;
  const x = Math.max(board.left - 4, acrossBoard(place.from));
  const wide = Math.max(3, Math.min(board.right + 4, acrossBoard(place.until)) - x);
  pen.strokeStyle = board.colours.halo;
  pen.lineWidth = 2;
  pen.strokeRect(x - 2, place.y - 2, wide + 4, place.high + 4);
  pen.lineWidth = 1;
  if (event.what !== "operation") return;
  const coordinator = board.nodes[run.timeline.operations.node[event.row]];
  if (!coordinator) return;
  pen.setLineDash([1, 3]);
  for (const us of [place.from, place.until]) pen.strokeRect(Math.round(acrossBoard(us)) + 0.5, place.y + place.high + 2, 0, coordinator.first - place.y - place.high);
  pen.setLineDash([]);
  fillBox(pen, board.colours.halo, x, coordinator.first - 2, wide, 3);
}

function paintChoice(pen) {
  if (!pointed.choice) return;
  const [from, to] = pointed.choice;
  pen.fillStyle = board.colours.link;
  pen.globalAlpha = 0.2;
  pen.fillRect(Math.min(from, to), 0, Math.abs(to - from), board.height);
  pen.globalAlpha = 1;
}
