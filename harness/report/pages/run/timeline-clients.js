// The lanes of clients.

function paintClients(pen) {
  timelineShown.lanes.forEach((lane, client) => {
    const { first, bar } = board.clients[client];
    lane.forEach((bars, number) => paintSublane(pen, bars, first + number * (bar + 2), bar));
  });
}

function paintSublane(pen, bars, y, bar) {
  const { operations } = run.timeline;
  const { serious } = timelineData;
  const start = firstAtLeast(bars.until, timeOnBoard(board.left - FADE_WIDE - OPEN_WIDE));
  const stop = firstAtLeast(bars.from, shown.to);
  const { columns } = markState;
  let [low, high] = [columns.length, -1];
  for (let place = start; place < stop; place += 1) {
    const row = bars.rows[place];
    const kind = serious[row];
    const outcome = operations.outcome[row] + 1;
    const x = Math.max(board.left - 2, acrossBoard(bars.from[place]));
    const until = Math.min(board.width, acrossBoard(bars.from[place] + Math.max(0, operations.took[row])));
    if (until - x >= FINE_BARS || outcome === STAYED_OPEN) {
      markOperation(pen, kind, outcome, x, y, Math.max(2, until - x - 0.5), bar);
      if (bar > 10 && until - x > 34) nameOperation(pen, row, x, y, until - x, bar);
      continue;
    }
    const from = Math.max(board.left, Math.floor(x));
    const to = Math.min(board.right, Math.max(from, Math.ceil(until) - 1));
    if (until < board.left) continue;
    for (let column = from; column <= to; column += 1) if (columns[column] < kind) columns[column] = kind;
    if (from < low) low = from;
    if (to > high) high = to;
  }
  if (high >= low) markColumns(pen, y, bar, paintColumn, low, high);
}

function nameOperation(pen, row, x, y, wide, bar) {
  const { outcome } = run.timeline.operations;
  if (outcome[row] === 1) return; // its bar is too low
  const fading = outcome[row] > 1;
  const { ground, "on-unknown": on } = board.colours;
  const colour = !fading || timelineData.violating[row] ? ground : on;
  const start = Math.max(x, board.left);
  writeIn(pen, briefOperation(row), start + 5, y + bar / 2 + 0.5, (x + wide - start) * (fading ? 0.6 : 1) - 8, colour);
}

function briefOperation(row) {
  const { operations, kinds, keys, values } = run.timeline;
  const kind = kinds[operations.kind[row]];
  const value = operations.value[row] < 0 ? "" : values[operations.value[row]].slice(0, 60);
  const read = kind === "get" && operations.outcome[row] === 0 ? ` → ${value || (operations.dead[row] ? "✝" : "nothing")}` : "";
  return `${kind} ${keys[operations.key[row]].slice(0, 60)}${read || (value && ` ${value}`)}`;
}

// What stands below a point of a lane: the most serious within reach, the nearest of those.
function operationAt(client, x, y) {
  const { first, bar } = board.clients[client];
  const lane = timelineShown.lanes[client];
  const bars = lane[Math.max(0, Math.min(lane.length - 1, Math.floor((y - first) / (bar + 2))))];
  if (!bars) return -1;
  const reach = 4;
  const { took, at } = run.timeline.operations;
  let [best, rank] = [-1, Infinity];
  const stop = firstAtLeast(bars.from, timeOnBoard(x + reach));
  for (let place = firstAtLeast(bars.until, timeOnBoard(x - FADE_WIDE - OPEN_WIDE)); place < stop; place += 1) {
    const row = bars.rows[place];
    const kind = timelineData.serious[row];
    const end = took[row] < 0 ? acrossBoard(at[row]) + OPEN_WIDE : acrossBoard(at[row] + took[row]);
    const off = Math.max(0, acrossBoard(at[row]) - x, x - end);
    const mine = off * 10 - kind;
    if (off <= reach && mine < rank) [best, rank] = [row, mine];
  }
  return best;
}
