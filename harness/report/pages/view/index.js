"use strict";
// Shows the runs that have all of the words, in any of their columns.

const rows = [...document.querySelectorAll("#runs tbody tr")];
const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase());

function filterRuns(box) {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  rows.forEach((row, place) => {
    row.hidden = !words.every((word) => texts[place].includes(word));
    left += !row.hidden;
  });
  const all = rows.length.toLocaleString("en");
  document.getElementById("count").textContent = left === rows.length ? all : `${left.toLocaleString("en")} of ${all}`;
  document.getElementById("none").hidden = left > 0;
}

const box = document.getElementById("filter");
if (box) {
  box.addEventListener("input", () => filterRuns(box));
  if (box.value) filterRuns(box); // a browser that comes back has kept it
}
