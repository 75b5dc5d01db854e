// What the timeline looks up: which rows belong together, and in which order.

const timelineData = {};
const NO_ROWS = new Int32Array(0);
const SUBLANES_MAX = 6;
const [WAS_OK, WAS_FAILED, WAS_UNKNOWN, STAYED_OPEN, VIOLATES] = [1, 2, 3, 4, 5]; // what is more serious has the higher number

function gatherTimeline() {
  const { operations, changes, messages, words, keys, clients } = run.timeline;
  timelineData.end = Math.max(1, run.timeline.end);
  timelineData.words = new Map(words.map((word, number) => [word, number]));
  timelineData.changesOfKey = rowsGrouped(changes.key, keys.length);
  timelineData.changesOfOrigin = rowsGrouped(changes.origin, words.length);
  timelineData.changesOfMessage = rowsGrouped(changes.message, words.length);
  timelineData.messagesOfKey = rowsGrouped(messages.key, keys.length);
  timelineData.messagesOfOrigin = rowsGrouped(messages.origin, words.length);
  timelineData.violating = new Uint8Array(operations.count);
  timelineData.rows = new Map();
  for (let row = 0; row < operations.count; row += 1) timelineData.rows.set(operations.id[row], row);
  timelineData.steps = eventsOfViolations();
  for (const { row } of timelineData.steps) if (row !== undefined) timelineData.violating[row] = 1;
  timelineData.serious = Uint8Array.from(operations.outcome, (outcome, row) => (timelineData.violating[row] ? VIOLATES : outcome + 1));
  const ofClient = rowsGrouped(operations.client, clients.length);
  timelineData.lanes = clients.map((_, client) => intoSublanes(ofClient(client)));
  timelineData.away = run.timeline.nodes.map(timesAway);
}

// The rows by the number that they have in a column, in their order.
function rowsGrouped(column, groups) {
  const starts = new Int32Array(groups + 1);
  for (const number of column) if (number >= 0) starts[number + 1] += 1;
  for (let group = 0; group < groups; group += 1) starts[group + 1] += starts[group];
  const rows = new Int32Array(starts[groups]);
  const next = starts.slice();
  for (let row = 0; row < column.length; row += 1) if (column[row] >= 0) rows[next[column[row]]++] = row;
  return (number) => (number >= 0 ? rows.subarray(starts[number], starts[number + 1]) : NO_ROWS);
}

// An operation without an answer is open until the end.
function endOf(row) {
  const { at, took } = run.timeline.operations;
  return took[row] < 0 ? timelineData.end : at[row] + took[row];
}

// Operations that overlap stand below each other.
function intoSublanes(rows) {
  const lanes = [];
  const { at } = run.timeline.operations;
  for (const row of rows) {
    let lane = lanes.find((each) => each.until <= at[row]);
    if (!lane && lanes.length < SUBLANES_MAX) lanes.push((lane = { rows: [], until: 0 }));
    lane ??= lanes.reduce((one, other) => (other.until < one.until ? other : one));
    lane.rows.push(row);
    lane.until = Math.max(lane.until, endOf(row));
  }
  return lanes.map((lane) => Int32Array.from(lane.rows));
}

// What the evidence of violations names, in its order of time: operations, changes, or only a moment.
function eventsOfViolations() {
  const found = new Map();
  const { changes } = run.timeline;
  for (const { key, seqs, operations, at } of run.timeline.violations) {
    const of = key === null ? -1 : run.timeline.keys.indexOf(key);
    let named = operations.length > 0;
    for (const op of operations) {
      const row = timelineData.rows.get(op);
      if (row !== undefined) found.set(`op${op}`, { name: `op${op}`, row, at: run.timeline.operations.at[row], until: endOf(row), key: of });
    }
    for (const seq of seqs) {
      const row = firstAtLeast(changes.seq, seq);
      if (changes.seq[row] !== seq) continue;
      found.set(`change-${seq}`, { name: `change-${seq}`, at: changes.at[row], until: changes.at[row], key: of });
      named = true;
    }
    if (!named) found.set(`${key} ${at}`, { name: null, at, until: at, key: of });
  }
  return [...found.values()].sort((one, other) => one.at - other.at);
}

// The first place of a rising list whose number is no less.
function firstAtLeast(list, number, size = list.length) {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

// When a node was down or paused, as lives and faults tell.
function timesAway(node) {
  const found = [];
  let gone = null;
  for (const life of run.timeline.lives) {
    if (life.event !== "life" || life.node !== node) continue;
    if (life.what !== "started") gone ??= { from: life.at, why: life.what };
    else if (gone) {
      found.push({ ...gone, until: life.at, what: "down" });
      gone = null;
    }
  }
  if (gone) found.push({ ...gone, until: timelineData.end, what: "down" });
  for (const fault of run.timeline.faults) {
    const until = fault.until ?? timelineData.end;
    if (fault.paused.includes(node)) found.push({ from: fault.from, until, what: "paused", why: `${fault.id} ${fault.kind}` });
  }
  return found;
}

// As stories number them: v1 is the first version of its key.
function versionNumber(key, version) {
  if (version < 0 || key < 0) return 0;
  timelineData.numbers ??= [];
  timelineData.numbers[key] ??= new Map(run.timeline.numbering[key].map((each, place) => [each, place + 1]));
  return timelineData.numbers[key].get(version) ?? 0;
}
