// The longest orders of a key that is not linearizable, and the first operation that does not fit.

const orderView = { number: 0, chosen: 0, groups: [], layout: null, under: null, over: null };
const orderPart = (name) => document.getElementById(`order-${name}`);
const orderTop = (row) => row * orderSizes.row + 8;
const orderOp = (call) => `op ${call.op}`;

function orderPicture() {
  return run.order.keys[orderView.number];
}

// Everything of the key that does not depend on which order is chosen.
function orderDraw() {
  const picture = orderPicture();
  orderPart("why").textContent = picture.unknown || picture.why.join(" ");
  orderPart("view").querySelector("figure").hidden = orderPart("view").querySelector("details").hidden = !picture.calls.length;
  orderPart("names").replaceChildren();
  orderPart("scroll").replaceChildren();
  orderPart("which").textContent = "";
  if (!picture.calls.length) return;
  const layout = (orderView.layout = orderLayout(picture));
  const height = orderTop(picture.rows.length + 1);
  orderNames(picture, height);
  const svg = draw(orderPart("scroll"), "svg", { width: layout.width, height, role: "group", "aria-label": `The operations on key ${picture.key}` });
  picture.rows.forEach((_, row) => draw(svg, "rect", { class: "order-row", x: 0, y: orderTop(row) + 15, width: layout.width, height: orderSizes.bar + 4 }));
  const [from, until] = layout.spans[picture.misfit].map((event) => layout.at[event]);
  const below = orderTop(picture.calls[picture.misfit].row) + 17 + orderSizes.bar;
  draw(svg, "rect", { class: "order-while", x: from, y: below, width: until - from, height: height - below - 8 });
  orderView.under = draw(svg, "g");
  orderView.groups = picture.calls.map((_, place) => orderCall(svg, picture, place));
  orderView.over = draw(svg, "g");
  orderChoose(0);
  orderRove(picture.misfit);
  orderPart("scroll").scrollLeft = until - orderPart("scroll").clientWidth * 0.8;
}

function orderNames(picture, height) {
  const names = picture.rows.map((name, row) => (name === picture.rows[row - 1] ? "" : orderBrief(name, 10)));
  const width = 12 + orderSizes.letter * Math.max(6, ...names.map((name) => name.length));
  const svg = draw(orderPart("names"), "svg", { width, height });
  [...names, "holds"].forEach((name, row) => draw(svg, "text", { x: 0, y: orderTop(row) + 32 }, name));
}

function orderCall(svg, picture, place) {
  const { at, spans } = orderView.layout;
  const call = picture.calls[place];
  const [left, right] = spans[place].map((event) => at[event]);
  const [top, below] = [orderTop(call.row) + 17, orderTop(call.row) + 17 + orderSizes.bar];
  const group = draw(svg, "g", { class: "order-call", tabindex: -1, role: "link", "data-op": call.op });
  draw(group, "rect", { class: "order-ring", x: left - 3, y: top - 17, width: right - left + 6, height: orderSizes.bar + 20, rx: 3 });
  const bar = call.until < 0 ? `M${right} ${top}H${left}V${below}H${right}` : `M${left} ${top}H${right}V${below}H${left}Z`;
  draw(group, "path", { class: "order-bar", d: bar });
  orderAlong(group, left, right - 130, top - 5, orderLabel(picture, place));
  group.addEventListener("pointermove", (event) => (orderPick(place), orderTip(place, event.clientX, event.clientY)));
  group.addEventListener("pointerleave", () => hideTip(group));
  group.addEventListener("blur", () => hideTip(group));
  group.addEventListener("focus", () => {
    const { left, bottom } = group.getBoundingClientRect();
    orderPick(place);
    orderTip(place, left, bottom);
  });
  group.addEventListener("click", () => (location.hash = `#op${call.op}`));
  group.addEventListener("keydown", (event) => orderKey(event, place));
  return group;
}

function orderKey(event, place) {
  const last = orderPicture().calls.length - 1;
  const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: last }[event.key];
  if (event.key === "Enter" || event.key === " ") location.hash = `#op${orderPicture().calls[place].op}`;
  else if (next === undefined) return;
  else if (next >= 0 && next <= last) {
    orderRove(next);
    orderView.groups[next].focus();
  }
  event.preventDefault();
}

// One of them is reached with the tab key.
function orderRove(place) {
  orderView.groups.forEach((group, number) => group.setAttribute("tabindex", number === place ? 0 : -1));
}

// What is in no order leaves the order that is shown.
function orderPick(place) {
  const number = orderPicture().of[place];
  orderSay(place);
  if (number >= 0 && number !== orderView.chosen) orderChoose(number);
}

function orderChoose(number) {
  const picture = orderPicture();
  const points = orderPoints(picture, orderView.layout, number);
  const steps = picture.orders[number];
  orderView.chosen = number;
  const place = new Map(steps.map(([call], index) => [call, index + 1]));
  orderView.groups.forEach((group, call) => {
    group.classList.toggle("left", !place.has(call) && call !== picture.misfit);
    group.classList.toggle("misfit", call === picture.misfit);
    group.setAttribute("aria-label", orderAria(picture, call, place.get(call)));
  });
  const middle = (call) => orderTop(call < 0 ? picture.rows.length : picture.calls[call].row) + 17 + orderSizes.bar / 2;
  const called = steps.map(([call], index) => [points[index], middle(call), call, index]).filter(([, , call]) => call >= 0);
  orderView.under.replaceChildren();
  orderView.over.replaceChildren();
  draw(orderView.under, "path", { class: "order-line", d: called.map(([x, y]) => `${x} ${y}`).join("L").replace(/^/, "M") });
  called.forEach(([x, y, call], index) => orderPoint(x, y, index + 1, picture.calls[call]));
  orderHeld(picture, steps, points);
  orderList(picture, steps);
  orderSay(null);
}

function orderPoint(x, y, number, call) {
  const group = draw(orderView.over, "g", { class: "order-point", "data-op": call.op, "data-x": x });
  draw(group, "circle", { cx: x, cy: y, r: 10 });
  draw(group, "text", { x, y: y + 4, "text-anchor": "middle" }, number);
}

// Of what is longer than the window, words are to be seen anywhere.
function orderAlong(parent, left, right, y, words, first = words) {
  draw(parent, "text", { x: left, y }, first);
  for (let x = left + 300; x < right; x += 300) draw(parent, "text", { x, y }, words);
}

// The lowest row: what is there, from the step that puts it there to the next that does.
function orderHeld(picture, steps, points) {
  const changes = steps.map((step, index) => [step, points[index]]).filter(([[call]]) => call < 0 || picture.calls[call].kind !== "get");
  const top = orderTop(picture.rows.length) + 17;
  const first = changes.length && changes[0][1] < orderSizes.edge + orderSizes.point ? [] : [[[0, "nothing", 0], 0]];
  const all = [...first, ...changes];
  all.forEach(([[call, held, count], x], index) => {
    const [left, right] = [x, all[index + 1]?.[1] ?? orderView.layout.width];
    draw(orderView.over, "rect", { class: "order-held", x: left, y: top, width: right - left, height: orderSizes.bar });
    const words = orderBrief(held, 14);
    orderAlong(orderView.over, left + 4, right - 100, top + 15, words, `${call < 0 ? `⋯ ${count} more ` : ""}${words}`);
  });
}

function orderList(picture, steps) {
  const lines = steps.map(([place, held, count]) => {
    const call = picture.calls[place];
    return element("li", "", call ? `${orderOp(call)} (${call.by}) ${orderWords(call, 60)}, then it holds ${held}` : `${count} more, then it holds ${held}`);
  });
  orderPart("list").replaceChildren(...lines);
}

// Which order is shown, and what of it is about the operation that was asked for.
function orderSay(place) {
  const picture = orderPicture();
  const [steps, call] = [picture.orders[orderView.chosen], picture.calls[place]];
  const had = new Set(steps.map(([each]) => each));
  const left = picture.calls.filter((each, number) => !had.has(number) && number !== picture.misfit).map(orderOp);
  const count = steps.reduce((sum, step) => sum + step[2], 0);
  const about = !call ? "" : picture.of[place] < 0 ? ` None has ${orderOp(call)}.` : ` None with ${orderOp(call)} is longer.`;
  const without = left.length ? ` without ${left.slice(0, 6).join(", ")}${left.length > 6 ? ` and ${left.length - 6} more` : ""}` : "";
  const all = orderView.chosen === 0 ? `, all that returned before ${orderOp(picture.calls[picture.misfit])} among them` : "";
  orderPart("which").textContent = `Shown: an order of ${count} operations${all}${without}.${about}`;
}

function orderAria(picture, place, step) {
  const call = picture.calls[place];
  const where = step ? `number ${step} of the order` : picture.of[place] < 0 ? "in no order" : "left out of the order";
  return `${orderOp(call)}, ${call.by}: ${orderWords(call, 60)}; ${where}${place === picture.misfit ? "; the first that does not fit" : ""}`;
}

function orderTip(place, x, y) {
  const call = orderPicture().calls[place];
  const time = call.back < 0 ? `from ${seconds(call.at)}, never answered` : `${seconds(call.at)} to ${seconds(call.back)}`;
  const words = orderView.groups[place].getAttribute("aria-label");
  showTip(orderView.groups[place], [element("div", "head", words), element("div", "", time)], x, y);
}

starts.push(() => {
  const { said, keys, more } = run.order;
  orderPart("said").textContent = said;
  orderPart("view").hidden = !keys.length;
  if (!keys.length) return;
  orderPart("choice").hidden = keys.length < 2;
  orderPart("more").textContent = more.length ? `not drawn: ${more.join(", ")}` : "";
  orderPart("key").replaceChildren(...keys.map(({ key }, number) => new Option(key, number)));
  orderPart("key").addEventListener("change", (event) => show({ key: run.timeline.keys.indexOf(keys[event.target.value].key) }));
  orderDraw();
  watchers.push(() => {
    const number = keys.findIndex(({ key }) => key === run.timeline.keys[shown.key]);
    if (number < 0 || number === orderView.number) return;
    orderView.number = number;
    orderPart("key").value = number;
    orderDraw();
  });
});
