// The pointer: what is under it, moving along, choosing a stretch, zooming with the wheel.

const pointed = { choice: null, drag: null, fingers: new Map() };

function eventAt(x, y) {
  if (x < board.left || x > board.right) return null;
  const lane = (all) => all.findIndex(({ top, height }) => y >= top && y < top + height);
  const row = messageAt(x, y);
  if (row >= 0) return { what: "message", row };
  const node = lane(board.nodes);
  if (node >= 0) return eventOf("change", changeAt(node, x));
  const client = lane(board.clients);
  if (client >= 0) return eventOf("operation", operationAt(client, x, y));
  const { faults } = run.timeline;
  const over = (fault, place) => y >= board.faults[place].top && y < board.faults[place].top + FAULT_HIGH && x >= acrossBoard(fault.from) - 3 && x <= acrossBoard(fault.until ?? timelineData.end) + 3;
  return eventOf("fault", faults.findLastIndex(over));
}

function startPointing() {
  const canvas = document.getElementById("timeline-canvas");
  canvas.addEventListener("pointerdown", pressedBoard);
  canvas.addEventListener("pointermove", movedOnBoard);
  canvas.addEventListener("pointerup", releasedBoard);
  canvas.addEventListener("pointercancel", forgetDrag);
  canvas.addEventListener("pointerleave", () => hideTip(canvas));
  canvas.addEventListener("wheel", wheeledBoard, { passive: false });
}

function pressedBoard(event) {
  if (event.button !== 0) return;
  event.target.setPointerCapture(event.pointerId);
  const { offsetX: x, offsetY: y } = event;
  pointed.fingers.set(event.pointerId, x);
  pointed.drag = { x, y, from: shown.from, moved: false, axis: y < AXIS_HIGH + PHASES_HIGH && x >= board.left };
}

function movedOnBoard(event) {
  const { drag, fingers } = pointed;
  const { offsetX: x, offsetY: y, target } = event;
  if (!drag) return hoverBoard(event);
  if (fingers.size === 2) return pinchedBoard(event);
  if (!drag.moved && Math.abs(x - drag.x) < 4) return;
  drag.moved = true;
  hideTip();
  target.classList.add(drag.axis ? "choosing" : "moving");
  if (drag.axis) {
    pointed.choice = [drag.x, Math.max(board.left, Math.min(board.right, x))];
    askForPaint();
  } else moveWindow(drag.from - (x - drag.x) / board.perUs - shown.from);
}

// Two fingers: what is under each stays under it.
function pinchedBoard(event) {
  const { fingers, drag } = pointed;
  const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
  const [before, now] = [Math.abs(fingers.get(event.pointerId) - other), Math.abs(event.offsetX - other)];
  fingers.set(event.pointerId, event.offsetX);
  drag.moved = true;
  if (before > 5 && now > 5) zoomWindow(before / now, timeOnBoard(other));
}

function releasedBoard(event) {
  const { drag, choice, fingers } = pointed;
  const several = fingers.size > 1;
  forgetDrag(event);
  if (!drag || several) return;
  if (choice) setWindow(...[timeOnBoard(choice[0]), timeOnBoard(choice[1])].sort((one, other) => one - other));
  else if (!drag.moved) {
    hideTip();
    pick(eventAt(event.offsetX, event.offsetY));
  }
}

function forgetDrag(event) {
  pointed.fingers.delete(event.pointerId);
  pointed.drag = pointed.choice = null;
  event.target.classList.remove("moving", "choosing");
}

function hoverBoard({ offsetX: x, offsetY: y, clientX, clientY, target, pointerType }) {
  const event = pointerType === "touch" ? null : eventAt(x, y);
  target.classList.toggle("over", event !== null);
  target.classList.toggle("choosing", y < AXIS_HIGH + PHASES_HIGH && x >= board.left);
  if (!event) return hideTip();
  const head = element("div", "head", titleOf(event));
  showTip(target, [head, fieldList(event)], clientX, clientY);
}

// A wheel alone scrolls the page.
function wheeledBoard(event) {
  const { ctrlKey, metaKey, shiftKey, deltaX, deltaY, offsetX } = event;
  const sideways = shiftKey ? deltaY || deltaX : Math.abs(deltaX) > Math.abs(deltaY) ? deltaX : 0;
  if (ctrlKey || metaKey) zoomWindow(1.0018 ** Math.max(-300, Math.min(300, deltaY)), timeOnBoard(Math.max(board.left, offsetX)));
  else if (sideways) moveWindow(sideways / board.perUs);
  else return;
  hideTip();
  event.preventDefault();
}
