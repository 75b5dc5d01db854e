// What is picked, whole, with links to all that has to do with it.

const LISTED_MAX = 16;

function fieldList(event) {
  const list = element("dl", "timeline-fields");
  for (const [name, text] of fieldsOf(event)) list.append(element("dt", "", name), element("dd", "", linkedText(event, name, text)));
  return list;
}

// Origins and carriers are events of their own.
function linkedText(event, name, text) {
  if (event.what === "operation" || event.what === "fault") return text;
  const target = name === "origin" ? text.replace(/^op (\d+)$/, "op$1") : name === "message" ? nameOfCarrier(event.row) : "";
  return target && eventNamed(target) ? linkTo(target, text) : text;
}

function nameOfCarrier(change) {
  const [row] = carriersOf(change);
  return row === undefined ? "" : nameOf({ what: "message", row });
}

function linkTo(name, text) {
  const link = element("a", "", text);
  link.href = `#${encodeURIComponent(name)}`;
  return link;
}

function showDetails() {
  const box = document.getElementById("timeline-details");
  const event = pickedEvent();
  if (box.dataset.of === (shown.picked ?? "")) return;
  box.dataset.of = shown.picked ?? "";
  sayStep();
  document.getElementById("timeline-picked").textContent = event ? `picked ${titleOf(event)}, ${spokenTime(event)}` : "nothing is picked";
  box.hidden = !event;
  if (!event) return box.replaceChildren();
  const title = element("h3", "", titleOf(event));
  title.id = "timeline-details-title";
  const close = element("button", "", "×");
  close.type = "button";
  close.setAttribute("aria-label", "pick nothing");
  close.addEventListener("click", () => pick(null));
  box.classList.toggle("bad", event.what === "operation" && timelineData.violating[event.row] === 1);
  const lists = [element("div", "", fieldList(event)), element("div", "", ...relatedTo(event))];
  box.replaceChildren(element("header", "", title, close), element("div", "columns", ...lists));
}

function sayStep() {
  const place = timelineData.steps.findIndex((step) => step.name !== null && step.name === shown.picked);
  document.getElementById("timeline-violation").textContent = place < 0 ? "violation" : `violation, ${place + 1} of ${timelineData.steps.length}`;
}

function spokenTime(event) {
  const { from, until } = spanOf(event);
  const { operations, outcomes } = run.timeline;
  const outcome = event.what === "operation" ? `${outcomes[operations.outcome[event.row]]}, ` : "";
  return `${outcome}${seconds(from)}${until > from ? ` to ${seconds(until)}` : ""}`;
}

function relatedTo(event) {
  const { operations, changes, words } = run.timeline;
  const origin = event.what === "operation" ? `op ${operations.id[event.row]}` : null;
  const changed = origin ? timelineData.changesOfOrigin(timelineData.words.get(origin) ?? -1) : changesBy(event);
  const same = event.what === "change" && words[changes.origin[event.row]];
  return [
    ...violationsOf(event),
    ...listedEvents("Changes it made", "change", changed),
    ...listedEvents("Its messages", "message", event.what === "operation" ? messagesOfEvent(event) : NO_ROWS),
    ...(event.what === "operation" ? leftOut() : []),
    ...listedEvents(`Other changes by ${same}`, "change", same ? timelineData.changesOfOrigin(changes.origin[event.row]).filter((row) => row !== event.row) : NO_ROWS),
    ...(event.what === "fault" ? listedEvents("Operations while it was on that did not end well", "operation", hurtDuring(event.row)) : []),
    ...(event.what === "fault" ? [] : listedEvents("Faults that were on", "fault", faultsDuring(event))),
  ];
}

// So that what is missing is not taken for what never was.
function leftOut() {
  const { messages_left_out: many } = run.timeline;
  return many ? [element("p", "note", `${say(many)} messages of the run are not in this page; some may be of this operation.`)] : [];
}

function changesBy({ what, row }) {
  if (what !== "message") return NO_ROWS;
  const { messages, changes, nodes } = run.timeline;
  const id = timelineData.words.get(`${nodes[messages.from[row]]}/${messages.number[row]}`) ?? -1;
  return timelineData.changesOfMessage(id).filter((change) => changes.node[change] === messages.to[row]);
}

function faultsDuring(event) {
  const { from, until } = spanOf(event);
  const { faults } = run.timeline;
  return faults.map((_, row) => row).filter((row) => faults[row].from <= until && (faults[row].until ?? Infinity) >= from);
}

function hurtDuring(fault) {
  const { from, until } = spanOf({ what: "fault", row: fault });
  const { at, outcome, count } = run.timeline.operations;
  const rows = [];
  for (let row = 0; row < count && at[row] <= until; row += 1) if (outcome[row] && endOf(row) >= from) rows.push(row);
  return rows;
}

function violationsOf({ what, row }) {
  const { operations, changes, violations } = run.timeline;
  const is = { operation: (each) => each.operations.includes(operations.id[row]), change: (each) => each.seqs.includes(changes.seq[row]) }[what];
  const mine = is ? violations.filter(is).slice(0, LISTED_MAX) : [];
  if (!mine.length) return [];
  return [element("h4", "", "Violates"), element("ul", "", ...mine.map((each) => element("li", "", element("b", "", each.promise), `: ${each.summary}`)))];
}

function listedEvents(heading, what, rows) {
  if (!rows.length) return [];
  const items = Array.from(rows.slice(0, LISTED_MAX), (row) => {
    const { from, until } = spanOf({ what, row });
    const lost = what === "message" && run.timeline.messages.took[row] < 0;
    const long = until > from ? `, ${sayUs(until - from)}` : "";
    return element("li", "", linkTo(nameOf({ what, row }), titleOf({ what, row })), ` ${seconds(from)}${lost ? "" : long}`);
  });
  if (rows.length > LISTED_MAX) items.push(element("li", "soft", `and ${say(rows.length - LISTED_MAX)} more`));
  return [element("h4", "", heading), element("ul", "", ...items)];
}
