// Keys of the timeline, while it has the focus.

const windowWide = () => shown.to - shown.from;
const timelineKeys = {
  ArrowLeft: () => moveWindow(-windowWide() / 8),
  ArrowRight: () => moveWindow(windowWide() / 8),
  "+": () => zoomWindow(1 / 2, middleOfPicked()),
  "=": () => zoomWindow(1 / 2, middleOfPicked()),
  "-": () => zoomWindow(2, middleOfPicked()),
  "−": () => zoomWindow(2, middleOfPicked()),
  0: wholeWindow,
  n: () => stepOperation(1),
  p: () => stepOperation(-1),
  v: () => stepViolation(1),
  V: () => stepViolation(-1),
  m: nextMessages,
  "/": () => document.getElementById("timeline-key").focus(),
  Enter: () => pickedEvent() && goTo(pickedEvent()),
  Escape: () => { hideTip(); pick(null); },
  "?": toggleHelp,
};

// Zooming keeps what is picked where it is, if it is in sight.
function middleOfPicked() {
  const event = pickedEvent();
  const from = event ? spanOf(event).from : -1;
  return from > shown.from && from < shown.to ? from : undefined;
}

function nextMessages() {
  const select = document.getElementById("timeline-messages");
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  setFilter({ messages: select.value });
}

function startKeyboard() {
  document.getElementById("timeline-canvas").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(timelineKeys, event.key)) return;
    event.preventDefault();
    timelineKeys[event.key]();
  });
}
