// The timeline begins, and follows what is shown.

starts.push(() => {
  gatherTimeline();
  readColours();
  startFilters();
  applyFilters();
  timelineShown.key = null;
  startWindow();
  startOverview();
  startPointing();
  startKeyboard();
  drawLegend();
  window.addEventListener("hashchange", followAddress);
  new ResizeObserver(() => show({})).observe(document.getElementById("timeline-canvas"));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    forgetOverview();
    drawLegend();
    show({});
  });
  followKey();
  followAddress();
});

watchers.push(() => {
  followKey();
  paintTimeline();
  paintOverview();
  countShown();
  showDetails();
});

// The markState themselves, each with its word.
function drawLegend() {
  const bar = (outcome, kind = outcome) => (pen) => markOperation(pen, kind, outcome, 2, 5, 22, 12);
  const all = [
    ["ok", bar(WAS_OK)],
    ["failed: it never took effect", bar(WAS_FAILED)],
    ["unknown or open: it may take effect later", (pen) => markFading(pen, "unknown", 2, 5, 30, 12)],
    ...(timelineData.steps.length ? [["of the violation", bar(WAS_OK, VIOLATES)]] : []),
    [run.timeline.ordered ? "holds the newest version" : "holds a value", (pen) => fillBox(pen, board.colours.held, 2, 2, 30, 14)],
    ...(run.timeline.ordered ? [["one older than another replica has had", (pen) => fillBox(pen, board.older, 2, 4, 30, 11)]] : []),
    ["tombstone", (pen) => fillBox(pen, board.colours.tomb, 2, 2, 30, 14)],
    ["tombstone that may be purged", (pen) => outlineTomb(pen, 2, 2, 30, 14)],
    ["node down", (pen) => fillBox(pen, board.gone, 2, 4, 30, 10)],
    ["node paused", (pen) => fillBox(pen, board.paused, 2, 4, 30, 10)],
    ["message, and one that was lost", legendMessages],
    ["fault", (pen) => fillBox(pen, board.colours.wash, 2, 0, 30, 18)],
  ];
  document.getElementById("timeline-legend").replaceChildren(...all.map(([words, paint]) => legendItem(words, paint)));
}

function legendMessages(pen) {
  pen.strokeStyle = pen.fillStyle = board.colours.text;
  pen.beginPath();
  pen.moveTo(3, 2);
  pen.lineTo(9, 16);
  pen.stroke();
  arrowHead(pen, 3, 2, 9, 16);
  pen.strokeStyle = board.colours.worse;
  pen.beginPath();
  pen.moveTo(20, 2);
  pen.lineTo(25, 12);
  crossAt(pen, 25, 12);
  pen.stroke();
}

function legendItem(words, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = 68;
  canvas.height = 36;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  paint(pen);
  return element("li", "", canvas, words);
}
