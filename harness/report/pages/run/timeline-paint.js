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
  marks.drawn = 0;
  pen.setTransform(plot.ratio, 0, 0, plot.ratio, 0, 0);
  pen.clearRect(0, 0, plot.width, plot.height);
  pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  pen.textBaseline = "middle";
  paintGround(pen);
  pen.save();
  pen.beginPath();
  pen.rect(plot.left, 0, plot.right - plot.left, plot.height);
  pen.clip();
  paintFaults(pen);
  paintClients(pen);
  paintReplicas(pen);
  paintMessages(pen);
  paintPicked(pen);
  paintChoice(pen);
  pen.restore();
  canvas.dataset.rectangles = marks.drawn;
  canvas.dataset.messages = drawnMessages.count;
  canvas.dataset.from = Math.round(shown.from);
  canvas.dataset.to = Math.round(shown.to);
}

function paintGround(pen) {
  const { colours, left, right, width } = plot;
  const lanes = [...plot.clients.map((lane, at) => [lane, run.timeline.clients[at]]), ...plot.nodes.map((lane, at) => [lane, run.timeline.nodes[at]])];
  for (const [{ top, height }, name] of lanes) {
    pen.fillStyle = colours.grid;
    pen.fillRect(0, top + height - 1, width, 1);
    if (height > 8) write(pen, name, 4, top + height / 2, left - 8, colours.text, 6.6);
  }
  pen.font = "600 11px system-ui, 'DejaVu Sans', sans-serif";
  write(pen, "Clients", 4, plot.clientHeading + HEADING / 2, width, colours.soft, 5);
  const key = run.timeline.keys[shown.key];
  write(pen, key === undefined ? "Replicas" : `Replicas: what each holds of ${key}`, 4, plot.nodeHeading + HEADING / 2, width - 8, colours.soft, 6.4);
  pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  write(pen, "faults", 4, plot.faultTop + FAULT / 2 - 1, left - 8, colours.soft, 5.5);
  paintAxis(pen, right);
  paintPhases(pen);
}

function paintAxis(pen, right) {
  const scale = linear(shown.from / 1e6, shown.to / 1e6);
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10((scale.high - scale.low) / 10))));
  const room = 7 * (digits + 4) + 18;
  const all = ticks(scale, (found) => found.length * room < plot.right - plot.left);
  pen.textAlign = "center";
  for (const tick of all) {
    const x = across(tick * 1e6);
    if (x < plot.left || x > right) continue;
    pen.fillStyle = plot.colours.grid;
    pen.fillRect(x, AXIS - 6, 1, plot.height - AXIS);
    pen.fillStyle = plot.colours.soft;
    if (x > plot.left + 12 && x < right - 10) pen.fillText(`${tick.toFixed(digits)}`, x, AXIS / 2 - 1);
  }
  pen.textAlign = "left";
  pen.fillStyle = plot.colours.soft;
  pen.fillText("seconds", 4, AXIS / 2 - 1);
}

// Unrest, mend and settled: where each begins, with its name as long as there is room.
function paintPhases(pen) {
  const { phases } = run.timeline;
  phases.forEach(({ name, at }, place) => {
    const until = phases[place + 1]?.at ?? timelineData.end;
    if (name === "end" || until < shown.from || at > shown.to) return;
    const [x, end] = [Math.max(plot.left, across(at)), Math.min(plot.right, across(until))];
    pen.fillStyle = plot.colours.panel;
    pen.fillRect(x, AXIS, end - x, PHASES - 4);
    write(pen, name, x + 5, AXIS + (PHASES - 4) / 2, end - x - 6, plot.colours.soft, 6);
    if (at < shown.from) return;
    pen.strokeStyle = plot.colours.soft;
    pen.setLineDash([2, 3]);
    pen.strokeRect(Math.round(x) + 0.5, AXIS, 0, plot.height - AXIS);
    pen.setLineDash([]);
  });
}

function paintFaults(pen) {
  const { faults } = run.timeline;
  faults.forEach((fault, number) => {
    const from = across(fault.from);
    const until = across(fault.until ?? timelineData.end);
    if (until < plot.left || from > plot.right || (timelineFilters.fault >= 0 && timelineFilters.fault !== number)) return;
    const x = Math.max(plot.left, from);
    const wide = Math.max(1.5, Math.min(plot.right, until) - x);
    const { top, height } = plot.faults[number];
    const { band, wash, text } = plot.colours;
    fill(pen, wash, x, top, wide, plot.height - top);
    pen.fillStyle = band;
    pen.globalAlpha = 0.3;
    pen.fillRect(x, top, wide, height);
    pen.globalAlpha = 0.8;
    if (from >= plot.left) pen.fillRect(x, top, 1.5, plot.height - top);
    pen.fillRect(x, top + height - 1.5, wide, 1.5);
    pen.globalAlpha = 1;
    write(pen, faultName(fault), x + 5, top + height / 2, wide - 6, text);
  });
}

// A frame around what is picked; of an operation also when it was asked and answered, down to its coordinator.
function paintPicked(pen) {
  const event = pickedEvent();
  const place = event && placeOf(event);
  if (!place) return;
  const x = Math.max(plot.left - 4, across(place.from));
  const wide = Math.max(3, Math.min(plot.right + 4, across(place.until)) - x);
  pen.strokeStyle = plot.colours.halo;
  pen.lineWidth = 2;
  pen.strokeRect(x - 2, place.y - 2, wide + 4, place.high + 4);
  pen.lineWidth = 1;
  if (event.what !== "operation") return;
  const coordinator = plot.nodes[run.timeline.operations.node[event.row]];
  if (!coordinator) return;
  pen.setLineDash([1, 3]);
  for (const us of [place.from, place.until]) pen.strokeRect(Math.round(across(us)) + 0.5, place.y + place.high + 2, 0, coordinator.first - place.y - place.high);
  pen.setLineDash([]);
  fill(pen, plot.colours.halo, x, coordinator.first - 2, wide, 3);
}

function paintChoice(pen) {
  if (!pointed.choice) return;
  const [from, to] = pointed.choice;
  pen.fillStyle = plot.colours.link;
  pen.globalAlpha = 0.2;
  pen.fillRect(Math.min(from, to), 0, Math.abs(to - from), plot.height);
  pen.globalAlpha = 1;
}
