// Where the operations of a key stand: events in their order, as far apart as the words and points between them need.

const orderSizes = { row: 46, bar: 20, letter: 7, point: 24, least: 10, edge: 12 };

const orderBrief = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function orderWords(call, most) {
  const value = orderBrief(call.value === "null" ? "nothing" : call.value, most);
  return call.kind === "get" ? `get → ${value}` : call.kind === "put" ? `put ${value}` : "delete";
}

function orderLabel(picture, place) {
  const call = picture.calls[place];
  return `${call.proof ? "◆ " : ""}${orderWords(call, 14)}${place === picture.misfit ? " ✗" : ""}`;
}

// Each call's first and last place among the events; what was never answered goes on to the end.
function orderSpans(picture) {
  const seqs = picture.calls.flatMap((call) => (call.until < 0 ? [call.from] : [call.from, call.until]));
  const events = [...new Set(seqs)].sort((one, other) => one - other);
  const place = new Map(events.map((seq, number) => [seq, number]));
  const spans = picture.calls.map((call) => [place.get(call.from), call.until < 0 ? events.length : place.get(call.until)]);
  return { spans, count: events.length };
}

// Behind which event each step of an order takes effect: as early as it can.
function orderSlots(order, spans) {
  let slot = 0;
  return order.map(([place]) => (slot = Math.max(slot, place < 0 ? 0 : spans[place][0])));
}

const orderStepWidth = (picture, [place, held]) =>
  place >= 0 && picture.calls[place].kind === "get"
    ? orderSizes.point
    : Math.max(orderSizes.point, orderSizes.letter * (orderBrief(held, 14).length + (place < 0 ? 10 : 1)) + 6);

function orderLayout(picture) {
  const { spans, count } = orderSpans(picture);
  const slots = picture.orders.map((order) => orderSlots(order, spans));
  const wide = new Array(count + 1).fill(orderSizes.least);
  picture.orders.forEach((order, number) => {
    const needed = new Array(count + 1).fill(orderSizes.least);
    order.forEach((step, index) => (needed[slots[number][index]] += orderStepWidth(picture, step)));
    needed.forEach((need, slot) => (wide[slot] = Math.max(wide[slot], need)));
  });
  const at = [orderSizes.edge];
  const ending = new Map(spans.map(([, last], place) => [last, place]));
  for (let event = 1; event <= count; event += 1) {
    at[event] = at[event - 1] + wide[event - 1];
    if (ending.has(event)) {
      const place = ending.get(event);
      const label = orderSizes.letter * orderLabel(picture, place).length + 10;
      at[event] = Math.max(at[event], at[spans[place][0]] + label);
    }
  }
  const room = Math.max(0, ...spans.map(([first, last], place) => (last === count ? at[first] + orderSizes.letter * orderLabel(picture, place).length + 10 : 0)));
  at[count] = Math.max(at[count], room);
  return { spans, slots, at, width: at[count] + orderSizes.edge };
}

// The steps of a slot one beside the other.
function orderPoints(picture, layout, number) {
  const used = new Map();
  return picture.orders[number].map((step, index) => {
    const slot = layout.slots[number][index];
    const before = used.get(slot) ?? 0;
    used.set(slot, before + orderStepWidth(picture, step));
    return layout.at[slot] + orderSizes.least / 2 + before + orderSizes.point / 2;
  });
}
