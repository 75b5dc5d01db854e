// Events by the names that links have: op141, change-2207, message-r3/1000000123, fault-f1; and what there is to say of each.

function eventNamed(name) {
  const [, what, of] = name.match(/^(op|change-|message-|fault-)([^]*)$/) ?? [];
  if (what === "op") return eventOf("operation", /^\d+$/.test(of) ? timelineData.rows.get(Number(of)) : undefined);
  if (what === "change-") return eventOf("change", /^\d+$/.test(of) ? sameSeq(run.timeline.changes, Number(of)) : -1);
  if (what === "fault-") return eventOf("fault", run.timeline.faults.findIndex((fault) => fault.id === of));
  return what === "message-" ? eventOf("message", messageNamed(of)) : null;
}

const eventOf = (what, row) => (row >= 0 ? { what, row } : null);

function sameSeq({ seq }, number) {
  const row = firstAtLeast(seq, number);
  return seq[row] === number ? row : -1;
}

// The same message may go to several nodes: then `>r2` tells which.
function messageNamed(text) {
  const { messages, nodes } = run.timeline;
  const [, sender, number, to] = text.match(/^([^]*)\/(\d+)(?:>([^]*))?$/) ?? [];
  const from = nodes.indexOf(sender);
  for (let row = 0; row < messages.count; row += 1) {
    if (messages.number[row] !== Number(number) || messages.from[row] !== from) continue;
    if (to === undefined || nodes[messages.to[row]] === to) return row;
  }
  return -1;
}

function nameOf({ what, row }) {
  const { operations, changes, messages, faults, nodes } = run.timeline;
  if (what === "operation") return `op${operations.id[row]}`;
  if (what === "change") return `change-${changes.seq[row]}`;
  if (what === "fault") return `fault-${faults[row].id}`;
  return `message-${nodes[messages.from[row]]}/${messages.number[row]}>${nodes[messages.to[row]]}`;
}

// When it was, and of which key.
function spanOf({ what, row }) {
  const { operations, changes, messages, faults } = run.timeline;
  if (what === "operation") return { from: operations.at[row], until: endOf(row), key: operations.key[row] };
  if (what === "change") return { from: changes.at[row], until: changes.at[row], key: changes.key[row] };
  if (what === "fault") return { from: faults[row].from, until: faults[row].until ?? timelineData.end, key: -1 };
  return { from: messages.at[row], until: messages.at[row] + Math.max(0, messages.took[row]), key: messages.key[row] };
}

// Where it stands: `high` pixels from `y`, and its time.
function placeOf(event) {
  const { from, until, key } = spanOf(event);
  const { operations, changes } = run.timeline;
  if (event.what === "operation") {
    const client = operations.client[event.row];
    const number = timelineShown.lanes[client].findIndex(({ rows }) => rows[firstAtLeast(rows, event.row)] === event.row);
    const { first, bar } = board.clients[client];
    return number < 0 ? null : { from, until, y: first + number * (bar + 2), high: bar };
  }
  if (event.what === "fault") return { from, until, y: board.faults[event.row].top, high: board.faults[event.row].height };
  if (event.what === "message" || key !== shown.key) return null;
  const { rows, until: untils } = heldOfKey.nodes[changes.node[event.row]];
  const { first, bar } = board.nodes[changes.node[event.row]];
  return { from, until: untils[firstAtLeast(rows, event.row)], y: first, high: bar };
}

const wordAt = (number) => (number < 0 ? null : run.timeline.words[number]);
const sayUs = (us) => sayTime(us / 1000);

function versionText(key, version) {
  if (version < 0) return null;
  const [time, by] = run.timeline.versions[version];
  const number = versionNumber(key, version);
  return `${number ? `v${number}, ` : ""}${time} by ${by}`;
}

// A line for the eye and for the ear.
function titleOf(event) {
  const { changes, messages, nodes, keys, faults } = run.timeline;
  const { row } = event;
  if (event.what === "operation") return `op ${run.timeline.operations.id[row]}: ${briefOperation(row)}`;
  if (event.what === "change") return `${nodes[changes.node[row]]}: ${keys[changes.key[row]]} became ${heldText(row)}`;
  if (event.what === "fault") return `fault ${nameOfFault(faults[row])}`;
  return `${wordAt(messages.kind[row])} ${nodes[messages.from[row]]} → ${nodes[messages.to[row]]}${messages.took[row] < 0 ? ", lost" : ""}`;
}

// Names and texts of all that is known of one event; what is not known is left out.
function fieldsOf(event) {
  const all = { operation: operationFields, change: changeFields, message: messageFields, fault: faultFields }[event.what](event.row);
  return all.filter(([, text]) => text !== null && text !== undefined && text !== "");
}

function operationFields(row) {
  const { operations: it, clients, kinds, keys, nodes, values, outcomes } = run.timeline;
  const kind = kinds[it.kind[row]];
  const answered = it.took[row] >= 0;
  const read = kind === "get" && it.outcome[row] === 0;
  const value = it.value[row] >= 0 ? values[it.value[row]] : read ? (it.dead[row] ? "✝ a tombstone" : "nothing") : null;
  return [
    ["asked by", `${clients[it.client[row]]}, session ${wordAt(it.session[row])}`],
    ["through", nodes[it.node[row]]],
    ["kind", kind],
    ["key", keys[it.key[row]]],
    [read ? "read" : "value", value],
    ["version", versionText(it.key[row], it.version[row])],
    ["outcome", answered ? outcomes[it.outcome[row]] : "open: the client never heard"],
    ["error", wordAt(it.error[row])],
    ["planned", seconds(it.planned[row])],
    ["asked", seconds(it.at[row])],
    ["answered", answered ? seconds(it.at[row] + it.took[row]) : "never"],
    ["took", answered ? sayUs(it.took[row]) : null],
    ["latency", answered ? `${sayUs(it.at[row] + it.took[row] - it.planned[row])} from the planned time` : null],
    ["level", wordAt(it.level[row])],
  ];
}

function changeFields(row) {
  const { changes: it, nodes, keys } = run.timeline;
  const states = ["nothing", "a value", "a tombstone", "a tombstone that may be purged: as good as nothing"];
  return [
    ["replica", nodes[it.node[row]]],
    ["key", keys[it.key[row]]],
    ["at", seconds(it.at[row])],
    ["before", versionText(it.key[row], it.old[row]) ?? "nothing"],
    ["after", versionText(it.key[row], it.version[row]) ?? "nothing"],
    ["holds", states[it.state[row]]],
    ["value", it.value[row] < 0 ? null : run.timeline.values[it.value[row]]],
    ["cause", wordAt(it.cause[row])],
    ["origin", wordAt(it.origin[row])],
    ["message", wordAt(it.message[row])],
  ];
}

function messageFields(row) {
  const { messages: it, nodes, keys } = run.timeline;
  const lost = it.took[row] < 0;
  return [
    ["kind", wordAt(it.kind[row])],
    ["from", nodes[it.from[row]]],
    ["to", nodes[it.to[row]]],
    ["key", it.key[row] < 0 ? null : keys[it.key[row]]],
    ["version", versionText(it.key[row], it.version[row])],
    ["sent", seconds(it.at[row])],
    ["handled", lost ? "never: it was lost" : seconds(it.at[row] + it.took[row])],
    ["took", lost ? null : sayUs(it.took[row])],
    ["origin", wordAt(it.origin[row])],
    ["number", `${nodes[it.from[row]]}/${it.number[row]}`],
  ];
}

function faultFields(row) {
  const it = run.timeline.faults[row];
  const links = it.links.map(([from, to]) => `${from} → ${to}`).join(", ");
  return [
    ["kind", it.kind],
    ["targets", it.targets.join(", ")],
    ["from", seconds(it.from)],
    ["until", it.until === null ? "never healed" : seconds(it.until)],
    ["lasted", it.until === null ? null : sayUs(it.until - it.from)],
    ["nodes", it.nodes.join(", ")],
    ["links", links],
    ["touched", it.bit === null ? null : `${say(it.bit)} operations and messages`],
    ["evidence", it.evidence],
    ...Object.entries(it.parameters).map(([name, value]) => [name, String(value)]),
  ];
}
