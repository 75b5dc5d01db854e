// What is picked has a name, which is also the end of the page's address: a link to it leads there again.

const pickedNow = { name: null, event: null };

function pickedEvent() {
  if (pickedNow.name !== shown.picked) Object.assign(pickedNow, { name: shown.picked, event: shown.picked ? eventNamed(shown.picked) : null });
  return pickedNow.event;
}

// Without an event nothing is picked. `near`: the window goes there.
function pick(event, near = false) {
  const name = event ? nameOf(event) : null;
  const { key } = event ? spanOf(event) : { key: -1 };
  if (event?.what === "operation" && !timelineShown.mask[event.row] && !onlyHiddenByKey(event.row)) clearFilters();
  show({ picked: name, ...(key >= 0 ? { key } : {}) });
  history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.href.replace(/#.*/s, ""));
  if (event && near) goTo(event);
}

// The key follows what is picked.
function onlyHiddenByKey(row) {
  const { onlyKey } = timelineFilters;
  timelineFilters.onlyKey = false;
  const fine = passesFilters(row);
  timelineFilters.onlyKey = onlyKey;
  return fine;
}

// Centred, and as wide as lets one see what was around it.
function goTo(event) {
  const { from, until } = spanOf(event);
  const long = until - from;
  const wide = event.what === "fault" ? Math.max(20_000, long * 1.6) : Math.max(30_000, Math.min(long, 2e6) * 8);
  const middle = from + Math.min(long, wide * 0.6) / 2;
  setWindow(middle - wide / 2, middle + wide / 2);
}

// As far as needed for it to be in sight.
function bringIntoView(event) {
  const { from, until } = spanOf(event);
  if (from >= shown.from && Math.min(until, from + (shown.to - shown.from) / 2) <= shown.to) return;
  moveWindow(from - (shown.from * 2 + shown.to) / 3);
}

function stepOperation(by) {
  const { mask } = timelineShown;
  const { at, count } = run.timeline.operations;
  const event = pickedEvent();
  let row = event?.what === "operation" ? event.row + by : firstAtLeast(at, shown.from) - (by < 0 ? 1 : 0);
  while (row >= 0 && row < count && !mask[row]) row += by;
  if (row < 0 || row >= count) return;
  pick({ what: "operation", row });
  bringIntoView({ what: "operation", row });
}

// Around the events of violations, from the one that is picked or, if none of them is, from the first.
function stepViolation(by) {
  const { steps } = timelineData;
  if (!steps.length) return;
  const now = timelineData.step ?? steps.findIndex((step) => step.name !== null && step.name === shown.picked);
  const next = now < 0 ? (by > 0 ? 0 : steps.length - 1) : (now + by + steps.length) % steps.length;
  const step = steps[next];
  const event = step.name === null ? null : eventNamed(step.name);
  if (event) pick(event, true);
  else {
    pick(null);
    show({ key: step.key >= 0 ? step.key : shown.key });
    setWindow(step.at - 500_000, step.at + 500_000);
  }
  timelineData.step = event ? undefined : next; // a moment has no name by which to find it again
}

function followAddress() {
  let name;
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch (error) {
    if (error instanceof URIError) return; // not one of ours
    throw error;
  }
  const event = name ? eventNamed(name) : null;
  if (!event) return;
  pick(event, true);
  document.getElementById("timeline").scrollIntoView({ block: "start" });
  document.getElementById("timeline-canvas").focus({ preventScroll: true });
}
