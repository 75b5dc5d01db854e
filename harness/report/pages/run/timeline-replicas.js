// The lanes of replicas: which version of the chosen key each of them holds.

const heldOfKey = { nodes: [] }; // for each node the changes of the key: when, until when, its number, from when another had a newer one
const [HELD_NEWEST, HELD_TOMBSTONE, HELD_PURGEABLE, HELD_OLDER] = [1, 2, 3, 4]; // a value, a tombstone, one that may be purged, an older one of either

// Called when the key changes.
function gatherHeld() {
  const { changes, nodes, ordered } = run.timeline;
  const rows = timelineData.changesOfKey(shown.key ?? -1);
  const tops = new Float64Array(rows.length);
  let top = 0;
  rows.forEach((row, place) => { tops[place] = top = Math.max(top, versionNumber(shown.key, changes.version[row])); });
  heldOfKey.nodes = nodes.map((_, node) => {
    const mine = rows.filter((row) => changes.node[row] === node);
    const from = Float64Array.from(mine, (row) => changes.at[row]);
    const until = Float64Array.from(mine, (_, place) => (place + 1 < mine.length ? from[place + 1] : timelineData.end));
    const older = Float64Array.from(mine, (row, place) => {
      const newer = firstAtLeast(tops, versionNumber(shown.key, changes.version[row]) + 1);
      return ordered && newer < rows.length ? Math.max(from[place], changes.at[rows[newer]]) : Infinity;
    });
    return { rows: mine, from, until, older };
  });
}

function paintReplicas(pen) {
  const copies = run.timeline.replicas[shown.key] ?? [];
  board.nodes.forEach((lane, node) => {
    const { colours, left, right } = board;
    if (copies.includes(run.timeline.nodes[node])) {
      fillBox(pen, colours.rule, left, lane.first + lane.bar - 1, right - left, 1);
      paintHeld(pen, heldOfKey.nodes[node], lane);
    } else writeIn(pen, "keeps no copy of this key", left + 8, lane.first + lane.bar / 2, right - left - 8, colours.soft);
    paintAway(pen, timelineData.away[node], lane);
  });
  paintDamage(pen);
}

function paintHeld(pen, { rows, from, until, older }, { first, bar }) {
  const { state } = run.timeline.changes;
  const { columns } = markState;
  let [low, high] = [columns.length, -1];
  const stop = firstAtLeast(from, shown.to);
  for (let place = firstAtLeast(until, shown.from); place < stop; place += 1) {
    const row = rows[place];
    const x = Math.max(board.left, acrossBoard(from[place]));
    const end = Math.min(board.right, acrossBoard(until[place]));
    if (!state[row]) {
      if (end - x > 30) writeIn(pen, heldText(row), x + 5, first + bar / 2, end - x - 8, board.colours.soft);
      continue;
    }
    if (end - x >= FINE_BARS) {
      markHeld(pen, row, x, first, end - x - 1, bar, acrossBoard(older[place]));
      continue;
    }
    const mostlyOlder = older[place] < (from[place] + until[place]) / 2;
    const kind = state[row] === 3 ? HELD_PURGEABLE : mostlyOlder ? HELD_OLDER : state[row] === 2 ? HELD_TOMBSTONE : HELD_NEWEST;
    const [start, last] = [Math.floor(x), Math.min(board.right, Math.max(Math.floor(x), Math.ceil(end) - 1))];
    for (let column = start; column <= last; column += 1) if (columns[column] < kind) columns[column] = kind;
    [low, high] = [Math.min(low, start), Math.max(high, last)];
  }
  if (high >= low) markColumns(pen, first, bar, paintHeldColumn, low, high);
}

function markHeld(pen, row, x, y, wide, bar, olderAt) {
  const it = board.colours;
  const { state } = run.timeline.changes;
  const fresh = Math.max(0, Math.min(wide, olderAt - x));
  if (state[row] === 3) {
    outlineTomb(pen, x, y, wide, bar);
  } else {
    if (fresh > 0) fillBox(pen, state[row] === 2 ? it.tomb : it.held, x, y, fresh, bar);
    if (fresh < wide) fillBox(pen, board.older, x + fresh, y + 2, wide - fresh, bar - 4);
    if (state[row] === 2) fillBox(pen, it.tomb, x, y + bar - 4, wide, 4);
    fillBox(pen, it.text, x, y, 1, bar);
  }
  if (wide > 22) nameHeld(pen, row, x, y, wide, bar, fresh);
}

function outlineTomb(pen, x, y, wide, bar) {
  pen.strokeStyle = board.colours.tomb;
  pen.setLineDash([3, 3]);
  pen.strokeRect(x + 0.5, y + 0.5, wide - 1, bar - 1);
  pen.setLineDash([]);
  markState.drawn += 1;
}

function nameHeld(pen, row, x, y, wide, bar, fresh) {
  const text = heldText(row);
  const dark = run.timeline.changes.state[row] === 2 && fresh >= Math.min(wide, 24);
  if (fresh < Math.min(wide, 24) && run.timeline.changes.state[row] !== 3) {
    fillBox(pen, board.colours.behind, x + 2, y + 3, Math.min(wide - 3, text.length * 6.4 + 7), bar - 7);
  }
  writeIn(pen, text, x + 5, y + bar / 2, (dark ? fresh : wide) - 8, dark ? board.colours.ground : board.colours.text, 6.4);
}

function heldText(row) {
  const { changes, values } = run.timeline;
  const name = `v${versionNumber(changes.key[row], changes.version[row])}`;
  if (changes.state[row] === 0) return changes.cause[row] < 0 ? "nothing" : `nothing (${run.timeline.words[changes.cause[row]]})`;
  if (changes.state[row] > 1) return `✝ ${name}${changes.state[row] === 3 ? " purgeable" : ""}`;
  return changes.value[row] < 0 ? name : `${name} ${values[changes.value[row]].slice(0, 60)}`;
}

function paintHeldColumn(pen, kind, x, y, wide, bar) {
  const it = board.colours;
  if (kind === HELD_OLDER) fillBox(pen, board.older, x, y + 2, wide, bar - 4);
  else if (kind === HELD_PURGEABLE) fillBox(pen, it.tomb, x, y + bar - 4, wide, 2);
  else fillBox(pen, kind === HELD_TOMBSTONE ? it.tomb : it.held, x, y, wide, bar);
}

function paintAway(pen, times, { first, bar }) {
  for (const { from, until, what, why } of times) {
    if (until < shown.from || from > shown.to) continue;
    const x = Math.max(board.left, acrossBoard(from));
    const wide = Math.max(2, Math.min(board.right, acrossBoard(until)) - x);
    const text = `${what} (${why})`;
    fillBox(pen, what === "down" ? board.gone : board.paused, x, first + 2, wide, bar - 4);
    if (wide < 34) continue;
    fillBox(pen, board.colours.panel, x + 3, first + 3, Math.min(wide - 6, text.length * 6.2 + 6), bar - 6);
    writeIn(pen, text, x + 6, first + bar / 2, wide - 12, board.colours.text);
  }
}

// What faults did to disks, as notches at the foot of the lane.
function paintDamage(pen) {
  const key = run.timeline.keys[shown.key];
  for (const { event, node, at, key: hurt } of run.timeline.lives) {
    const lane = board.nodes[run.timeline.nodes.indexOf(node)];
    if (event !== "damage" || !lane || at < shown.from || at > shown.to || (hurt !== undefined && hurt !== key)) continue;
    fillBox(pen, board.colours.bad, acrossBoard(at) - 1.5, lane.first + lane.bar - 6, 3, 8);
  }
}

// The change that made what a replica holds at a point.
function changeAt(node, x) {
  const { rows, from } = heldOfKey.nodes[node];
  const next = firstAtLeast(from, timeOnBoard(x + 2));
  return next ? rows[next - 1] : -1;
}
