// The stretch of time that is shown: moved, zoomed, and never out of the run.

const WINDOW_LEAST = 50; // microseconds

function setWindow(from, to) {
  const { end } = timelineData;
  const wide = Math.min(end, Math.max(WINDOW_LEAST, to - from));
  const start = Math.max(0, Math.min(end - wide, (from + to - wide) / 2));
  show({ from: start, to: start + wide });
}

function moveWindow(by) {
  const wide = shown.to - shown.from;
  const from = Math.max(0, Math.min(timelineData.end - wide, shown.from + by));
  show({ from, to: from + wide });
}

// What stands at `at` stays where it is.
function zoomWindow(factor, at = (shown.from + shown.to) / 2) {
  const wide = Math.min(timelineData.end, Math.max(WINDOW_LEAST, (shown.to - shown.from) * factor));
  const part = (at - shown.from) / (shown.to - shown.from);
  const from = Math.max(0, Math.min(timelineData.end - wide, at - part * wide));
  show({ from, to: from + wide });
}

function wholeWindow() {
  show({ from: 0, to: timelineData.end });
}

// All of the first violation, with room around it.
function violationWindow() {
  const { steps } = timelineData;
  if (!steps.length) return;
  const [first] = run.timeline.violations;
  const key = first.key === null ? -1 : run.timeline.keys.indexOf(first.key);
  const mine = steps.filter((step) => step.key === key);
  const from = Math.min(...mine.map((step) => step.at));
  const to = Math.max(...mine.map((step) => Math.min(step.until, step.at + 5e6)));
  const room = Math.max(20_000, (to - from) * 0.15);
  if (key >= 0) show({ key });
  setWindow(from - room, to + room);
}

function startWindow() {
  const click = (id, act) => document.getElementById(`timeline-${id}`).addEventListener("click", act);
  click("in", () => zoomWindow(1 / 2));
  click("out", () => zoomWindow(2));
  click("whole", wholeWindow);
  click("violation", violationWindow);
  click("before", () => stepViolation(-1));
  click("after", () => stepViolation(1));
  click("help", toggleHelp);
  document.getElementById("timeline-violations").hidden = !timelineData.steps.length;
}

function toggleHelp() {
  const told = document.getElementById("timeline-keys-told");
  told.hidden = !told.hidden;
  document.getElementById("timeline-help").setAttribute("aria-expanded", !told.hidden);
}
