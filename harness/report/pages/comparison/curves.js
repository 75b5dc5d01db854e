// Lines over time or over a measure. What is under the pointer, or under the arrow keys, is read out.

function curves(holder, by_policy, options) {
  const { step = false, share = false, log = false, height = 300, xName, yName, sayX = say, bands = [], mends = {} } = options;
  const shown = visible(by_policy).filter((name) => by_policy[name].x.length);
  if (!shown.length) {
    empty(holder, Object.keys(by_policy).length ? "No policy that is shown has a curve here." : "Nothing was measured.");
    note(holder, unmeasured(by_policy));
    return;
  }
  const ends = bands.map((band) => band.end_s).concat(shown.map((name) => mends[name] ?? 0));
  const [x, y] = extents(shown.map((name) => by_policy[name]), { share, log, ends });
  const sayY = share ? (part) => `${say(100 * part)} %` : say;
  const lanes = laid(bands);
  const above = lanes.length ? 16 * Math.max(...lanes.map((each) => each.lane + 1)) + 6 : 0;
  const chart = frame(holder, { x, y, xName, yName, sayX, sayY, height: height + above, above });
  for (const band of lanes) drawBand(chart, band, above);
  for (const name of shown) drawCurve(chart, name, by_policy[name], { step, share, x });
  for (const name of shown) if (mends[name] !== undefined) drawMend(chart, name, mends[name]);
  const cross = draw(chart.svg, "line", { class: "cross", y1: chart.box.top, y2: chart.box.bottom, visibility: "hidden" });
  chart.svg.setAttribute("aria-hidden", "true");
  const plot = element("div", "plot", chart.svg);
  holder.replaceChildren(plot);
  note(holder, unmeasured(by_policy));
  const read = (value) => shown.map((name) => [name, at(by_policy[name], value, step, share)]);
  const on = (value) => bands.filter((band) => band.start_s <= value && value < band.end_s);
  readable(plot, chart, cross, { label: holder.dataset.label, x, read, on, sayX: (value) => `${sayX(value)}${options.unit ?? ""}`, sayY });
}

// Time ends soon after the last change, and not before any of `ends`.
function extents(shown, { share, log, ends }) {
  const changes = shown.map((curve) => curve.x[curve.y.findLastIndex((value) => value !== curve.y.at(-1)) + 1]);
  const last = Math.min(Math.max(...shown.map((curve) => curve.x.at(-1)), ...ends), 1.1 * Math.max(...changes, ...ends) || Infinity);
  const positive = shown.flatMap((curve) => curve.x.filter((number) => number > 0));
  const ys = shown.flatMap((curve) => [...curve.y, ...curve.high]);
  const lowest = shown.flatMap((curve) => [...curve.y, ...curve.low]).reduce((a, b) => Math.min(a, b), Infinity);
  const x = log && positive.length
    ? logarithmic(positive.reduce((a, b) => Math.min(a, b)), positive.reduce((a, b) => Math.max(a, b)), shown.some((curve) => curve.x[0] === 0))
    : linear(Math.min(0, ...shown.map((curve) => curve.x[0])), last);
  const top = ys.reduce((a, b) => Math.max(a, b), share ? 1 : 1e-9);
  return [x, share ? linear(lowest > 0.5 ? Math.max(0, lowest - (1 - lowest) * 0.08) : 0, 1) : linear(0, top * 1.04)];
}

function laid(bands) {
  const ends = [];
  return [...bands].sort((a, b) => a.start_s - b.start_s || a.end_s - b.end_s).map((band) => {
    const free = ends.findIndex((end) => end <= band.start_s);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = band.end_s;
    return { ...band, lane };
  });
}

function drawBand(chart, band, above) {
  const [left, right] = [chart.across(band.start_s), chart.across(band.end_s)];
  const [wide, top] = [Math.max(2, right - left), chart.box.top - above + 16 * band.lane];
  draw(chart.svg, "rect", { class: "band", x: left, width: wide, y: chart.box.top, height: chart.box.bottom - chart.box.top });
  draw(chart.svg, "rect", { class: "lane", x: left, width: wide, y: top, height: 14, rx: 2 });
  const full = `${band.kind} ${band.targets.join(" ")}`.trim();
  const words = [full, band.kind].find((each) => each.length * 6.6 + 8 < wide);
  if (words) draw(chart.svg, "text", { class: "lane-name", x: left + 4, y: top + 11 }, words);
}

function drawMend(chart, name, when) {
  const x = chart.across(when).toFixed(1);
  draw(chart.svg, "path", { class: `mark ${look(name).colour}`, d: `M${x} ${chart.box.bottom - 1}l-5 9h10Z` });
}

function drawCurve(chart, name, curve, { step, share, x }) {
  const { colour, dash, outline } = look(name);
  const g = draw(chart.svg, "g", { class: `curve ${colour}`, "data-policy": name });
  const within = curve.x.findLastIndex((each) => each <= x.high) + 1;
  const points = (values) => values.slice(0, within).map((value, index) => [chart.across(curve.x[index]).toFixed(1), chart.up(value).toFixed(1)]);
  const line = points(curve.y);
  if (curve.low.length) {
    const [over, under] = [points(curve.high), points(curve.low)];
    const ends = [over, under].map((side) => [chart.box.right, side.at(-1)[1]]);
    draw(g, "path", { class: "area", d: `M${[...over, ...ends, ...under.reverse()].join("L")}Z` });
  }
  const d = `M${step ? `${line[0]}${line.slice(1).map(([left, top]) => `H${left}V${top}`).join("")}` : line.join("L")}H${chart.box.right}`;
  draw(g, "path", { class: "line", d, "stroke-dasharray": dash });
  const begin = 0.08 + 0.7 * (slotOf.get(name) / data.policies.length);
  for (const part of [begin, begin + 0.2]) {
    const value = at(curve, x.value(part), step, share);
    if (value === null) continue;
    const where = `translate(${chart.across(x.value(part)).toFixed(1)} ${chart.up(value).toFixed(1)})`;
    draw(g, "path", { class: "mark", d: outline(4), transform: where });
  }
}

// Before a distribution begins its share is nothing; after its last point every curve stays.
function at(curve, value, step, share) {
  const { x, y } = curve;
  if (value < x[0]) return share ? 0 : null;
  if (value > x.at(-1)) return y.at(-1);
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] <= value) low = middle;
    else high = middle;
  }
  if (x[high] <= value) return y[high];
  return step || x[high] === x[low] ? y[low] : y[low] + ((y[high] - y[low]) * (value - x[low])) / (x[high] - x[low]);
}

function note(holder, words) {
  if (words) holder.append(element("p", "note", words));
}

function readable(plot, chart, cross, { label, x, read, on, sayX, sayY }) {
  for (const [key, value] of [["tabindex", 0], ["role", "slider"], ["aria-label", `${label}: read out along the curves`], ["aria-valuemin", 0], ["aria-valuemax", 100]]) {
    plot.setAttribute(key, value);
  }
  let part = 0.5;
  const tell = () => {
    const value = x.value(part);
    const rows = read(value).sort((a, b) => (b[1] ?? -1) - (a[1] ?? -1));
    const faults = on(value).map((band) => `${band.kind} ${band.targets.join(" ")}`.trim());
    plot.setAttribute("aria-valuenow", Math.round(100 * part));
    plot.setAttribute("aria-valuetext", [sayX(value), ...rows.map(([name, y]) => `${name} ${y === null ? "–" : sayY(y)}`), ...faults].join("; "));
    return { value, rows, faults };
  };
  const show = (clientY) => {
    const { value, rows, faults } = tell();
    cross.setAttribute("x1", chart.across(value));
    cross.setAttribute("x2", chart.across(value));
    cross.setAttribute("visibility", "visible");
    const room = chart.svg.getBoundingClientRect();
    const lines = rows.map(([name, y]) => element("div", "row", swatch(name), element("span", "name", name), element("b", "", y === null ? "–" : sayY(y))));
    const more = faults.length ? [element("div", "", `on: ${faults.join(", ")}`)] : [];
    showTip(plot, [element("div", "head", sayX(value)), ...lines, ...more], room.left + (chart.across(value) / chart.width) * room.width, clientY ?? room.top + 30);
  };
  const hide = () => {
    cross.setAttribute("visibility", "hidden");
    hideTip(plot);
  };
  const to = (next) => { part = Math.max(0, Math.min(1, next)); };
  const follow = (event) => {
    const room = chart.svg.getBoundingClientRect();
    const inside = ((event.clientX - room.left) / room.width) * chart.width;
    to((inside - chart.box.left) / (chart.box.right - chart.box.left));
    show(event.clientY);
  };
  const keys = { ArrowRight: () => part + 0.02, ArrowLeft: () => part - 0.02, PageUp: () => part + 0.1, PageDown: () => part - 0.1, Home: () => 0, End: () => 1 };
  chart.svg.onpointermove = chart.svg.onpointerdown = follow;
  chart.svg.onpointerleave = hide;
  plot.onfocus = () => { if (plot.matches(":focus-visible")) show(); };
  plot.onblur = hide;
  plot.onkeydown = (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    to(keys[event.key]());
    show();
  };
  tell();
}
