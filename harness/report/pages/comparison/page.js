// What the page does: policies switched on and off everywhere at once, tables sorted, charts drawn to the width there is.

const byId = (id) => document.getElementById(id);

for (const place of document.querySelectorAll(".swatch")) place.append(swatch(data.policies[place.dataset.slot]));

function drawExample() {
  const example = data.examples[byId("seed").value];
  curves(byId("example"), example.curves, {
    step: true, bands: example.faults, mends: example.mend, xName: "seconds", unit: " s", yName: "keys that differed", height: 320,
  });
  const rows = example.faults.map((fault) => {
    const cells = [say(fault.start_s), say(fault.end_s), fault.kind, fault.targets.join(" ")];
    return element("tr", "", ...cells.map((cell) => element("td", "", cell)));
  });
  byId("faults").tBodies[0].replaceChildren(...rows);
}

const distribution = (id, yName) => () =>
  curves(byId(id), data.curves[id], { share: true, log: true, xName: "time", sayX: sayTime, yName });

redraws.push(
  () => tradeoff(byId("tradeoff"), byId("tradeoff-words")),
  ...(data.examples.length ? [drawExample] : []),
  () => curves(byId("mean"), data.curves.mean, { xName: "seconds", unit: " s", yName: "keys that differed", height: 320 }),
  () => curves(byId("visibility"), data.curves.visibility, { share: true, log: true, xName: "acknowledged for more than", sayX: sayTime, yName: "share of reads", height: 340 }),
  distribution("reads", "share of reads"),
  distribution("writes", "share of writes"),
  distribution("stale", "share of stale reads"),
  distribution("everywhere", "share of writes"),
);

function redraw() {
  hideTip();
  for (const each of redraws) each();
}

function switched() {
  const boxes = [...document.querySelectorAll("#legend input")];
  hidden.clear();
  for (const box of boxes) if (!box.checked) hidden.add(box.dataset.policy);
  for (const it of document.querySelectorAll("tr[data-policy], article[data-policy]")) it.hidden = hidden.has(it.dataset.policy);
  byId("all").disabled = hidden.size === 0;
  redraw();
}

byId("legend").addEventListener("change", switched);
byId("all").addEventListener("click", () => {
  for (const box of document.querySelectorAll("#legend input")) box.checked = true;
  switched();
});
byId("seed")?.addEventListener("change", drawExample);
byId("intervals").addEventListener("change", (event) => document.body.classList.toggle("intervals", event.target.checked));

// First the better end up, then the other, then the order in which the policies were given. What has no number stays last.
function sort(table, heading) {
  const better = heading.dataset.better === "more" ? "descending" : "ascending";
  const turns = [better, better === "ascending" ? "descending" : "ascending", null];
  const turn = turns[(turns.indexOf(heading.getAttribute("aria-sort")) + 1) % turns.length];
  for (const each of table.querySelectorAll("thead th")) each.removeAttribute("aria-sort");
  if (turn) heading.setAttribute("aria-sort", turn);
  const sign = turn === "descending" ? -1 : 1;
  const rank = (row) => (turn && heading.cellIndex ? row.cells[heading.cellIndex].dataset.number : slotOf.get(row.dataset.policy));
  const compare = (a, b) => {
    if (turn && !heading.cellIndex) return sign * a.dataset.policy.localeCompare(b.dataset.policy, "en");
    const [first, second] = [rank(a), rank(b)];
    if (first === "" || second === "") return (first === "") - (second === "");
    return first === second ? 0 : sign * (first - second);
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
}

for (const button of document.querySelectorAll(".sort")) {
  button.addEventListener("click", () => sort(button.closest("table"), button.closest("th")));
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

let wide = 0;
new ResizeObserver(() => {
  if (document.body.clientWidth !== wide && !printing) {
    wide = document.body.clientWidth;
    redraw();
  }
}).observe(document.body);

const paper = window.matchMedia("print");
let folded = [];
paper.addEventListener("change", () => {
  printing = paper.matches;
  if (printing) folded = [...document.querySelectorAll("details:not([open])")];
  for (const each of folded) each.open = printing;
  redraw();
});
redraw();
