// How a policy looks everywhere: a colour, a marker and a dash, so that none of them is needed to tell two apart.

const data = JSON.parse(document.getElementById("data").textContent);
const slotOf = new Map(data.policies.map((name, slot) => [name, slot]));
const hidden = new Set();
const redraws = [];

const COLOURS = 8;
const DASHES = ["", "9 4", "2 3", "9 3 2 3", "5 3", "14 4", "2 2 6 2", "12 3 2 3 2 3"];
const OUTLINES = [
  circle,
  (r) => polygon(r * 1.2, 4, Math.PI / 4),
  (r) => polygon(r * 1.4, 3, -Math.PI / 2),
  (r) => polygon(r * 1.25, 4, 0),
  cross,
  (r) => polygon(r * 1.4, 3, Math.PI / 2),
  star,
  (r) => polygon(r * 1.1, 6, 0),
];

function look(name) {
  const slot = slotOf.get(name);
  const turn = Math.floor(slot / COLOURS);
  return {
    colour: `c${slot % COLOURS}`,
    dash: DASHES[(slot + 3 * turn) % DASHES.length],
    outline: OUTLINES[(slot + turn) % OUTLINES.length],
  };
}

function circle(r) {
  return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

function polygon(r, corners, turn) {
  return path(corners, (corner) => [r, turn + (2 * Math.PI * corner) / corners]);
}

function star(r) {
  return path(10, (corner) => [corner % 2 ? r * 0.62 : r * 1.4, -Math.PI / 2 + (Math.PI * corner) / 5]);
}

function path(corners, at) {
  const points = Array.from({ length: corners }, (_, corner) => {
    const [r, angle] = at(corner);
    return `${(r * Math.cos(angle)).toFixed(2)} ${(r * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${points.join("L")}Z`;
}

function cross(r) {
  const [long, wide] = [r * 1.2, r * 0.45];
  return `M${-long} ${-wide}H${-wide}V${-long}H${wide}V${-wide}H${long}V${wide}H${wide}V${long}H${-wide}V${wide}H${-long}Z`;
}

function swatch(name) {
  const { colour, dash, outline } = look(name);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["width", 34], ["height", 14], ["viewBox", "0 0 34 14"], ["class", colour]]) svg.setAttribute(key, value);
  draw(svg, "path", { class: "line", d: "M0 7H34", "stroke-dasharray": dash });
  draw(svg, "path", { class: "mark", d: outline(4.2), transform: "translate(17 7)" });
  return svg;
}

const visible = (by_policy) => data.policies.filter((name) => by_policy[name] && !hidden.has(name));

function unmeasured(by_policy) {
  const without = data.policies.filter((name) => !by_policy[name]);
  return without.length ? `No curve, for nothing was measured: ${without.join(", ")}.` : "";
}
