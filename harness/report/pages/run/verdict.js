// The line that reproduces the run, to be copied, and where the other sections are.

function startCopying() {
  const line = document.getElementById("reproduce");
  const told = document.getElementById("copied");
  document.getElementById("copy").addEventListener("click", async () => {
    told.textContent = ""; // so that it is read out once more
    told.textContent = (await copied(line)) ? "copied" : "selected: copy it with Ctrl+C";
  });
}

// Of a file that was opened from a disk, some browsers give no clipboard; then the line is selected at least.
async function copied(line) {
  try {
    await navigator.clipboard.writeText(line.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(line);
    return document.execCommand("copy");
  }
}

function listContents() {
  const contents = document.getElementById("contents");
  for (const section of document.querySelectorAll("main > section[id]")) {
    const heading = section.querySelector("h2");
    if (section.id === "verdict" || !heading) continue;
    const link = element("a", "", heading.textContent);
    link.href = `#${section.id}`;
    contents.append(link);
  }
}

startCopying();
listContents();

// What is folded is printed too.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("#verdict details")) fold.open = true;
});
