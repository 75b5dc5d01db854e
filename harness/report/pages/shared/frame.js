// Scales, axes and the room between them.

function linear(low, high) {
  const wide = high - low || 1;
  return { low, high, log: false, part: (value) => (value - low) / wide, value: (part) => low + part * wide };
}

// With `zero`, what is zero stands at the left end, half of a decade before the lowest.
function logarithmic(lowest, high, zero = false) {
  const low = zero ? lowest / Math.sqrt(10) : lowest;
  const [from, to] = [Math.log10(low), Math.log10(high > lowest ? high : lowest * 10)];
  return {
    low: lowest,
    high,
    log: true,
    zero,
    part: (value) => (Math.log10(Math.max(value, low)) - from) / (to - from),
    value: (part) => (zero && part < 0.02 ? 0 : 10 ** (from + part * (to - from))),
  };
}

// The most ticks of which all `fit`; the fewest where none do.
function ticks(scale, fit) {
  const choices = scale.log
    ? [[[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 2], [[1], 3]].map(([steps, jump]) => powers(scale, steps, jump))
    : [12, 8, 6, 5, 4, 3, 2].map((most) => multiples(scale, most));
  return choices.find((all) => all.length > 1 && fit(all)) ?? choices.at(-1);
}

function powers(scale, steps, jump) {
  const all = [];
  const first = Math.floor(Math.log10(scale.low)) + (scale.zero ? jump - 1 : 0); // room beside the zero
  for (let power = first; 10 ** power <= scale.high; power += jump) {
    for (const step of steps) all.push(step * 10 ** power);
  }
  return [...(scale.zero ? [0] : []), ...all.filter((tick) => tick >= scale.low * 0.999 && tick <= scale.high * 1.001)];
}

function multiples(scale, most) {
  const rough = (scale.high - scale.low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const all = [];
  for (let number = Math.ceil(scale.low / step - 1e-9); number * step <= scale.high * 1.0001 + 1e-12; number += 1) all.push(number * step);
  return all;
}

// An empty chart with its axes. `inset` keeps marks off the edges, `above` is room over the plot.
function frame(holder, { x, y, xName, yName, sayX = say, sayY = say, height, inset = 0, above = 0 }) {
  const width = Math.max(240, printing ? 680 : holder.clientWidth);
  const yTicks = ticks(y, (all) => all.length < 7);
  const left = 14 + 7.2 * Math.max(2, ...yTicks.map((tick) => sayY(tick).length));
  const box = { left, right: width - 22, top: 26 + above, bottom: height - 47 };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const across = (value) => box.left + inset + x.part(value) * (box.right - box.left - 2 * inset);
  const up = (value) => box.bottom - inset - y.part(value) * (box.bottom - box.top - 2 * inset);
  for (const tick of yTicks) {
    draw(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: up(tick), y2: up(tick) });
    draw(svg, "text", { class: "tick", x: box.left - 7, y: up(tick) + 4, "text-anchor": "end" }, sayY(tick));
  }
  const half = (tick) => 3.6 * sayX(tick).length;
  const apart = (tick, next) => across(next) - across(tick) > half(tick) + half(next) + 12;
  for (const tick of ticks(x, (all) => all.every((each, index) => !index || apart(all[index - 1], each)))) {
    draw(svg, "line", { class: "grid", x1: across(tick), x2: across(tick), y1: box.top, y2: box.bottom });
    draw(svg, "text", { class: "tick", x: across(tick), y: box.bottom + 19, "text-anchor": "middle" }, sayX(tick));
  }
  draw(svg, "line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom });
  draw(svg, "text", { class: "tick", x: 0, y: 12 }, `↑ ${yName}`);
  draw(svg, "text", { class: "tick", x: box.right, y: height - 8, "text-anchor": "end" }, `${xName} →`);
  return { svg, box, across, up, width, height };
}

function empty(holder, words) {
  holder.replaceChildren(element("p", "empty", words));
}

let printing = false;
