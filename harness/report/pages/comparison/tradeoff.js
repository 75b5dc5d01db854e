// Read p99 across, staleness up, bytes as the area of the mark; the front is drawn, and labels keep out of each other's way.

const NAME_MAX = 30;

function tradeoff(holder, words) {
  const { axes, points, missing } = data.plane;
  const shown = points.filter((point) => !hidden.has(point.policy));
  const out = missing.length ? ` Not here, for want of a figure: ${missing.join(", ")}.` : "";
  if (!shown.length) {
    empty(holder, points.length ? "All policies are switched off." : "The figures for this plot were not measured.");
    words.textContent = out;
    return;
  }
  const narrow = holder.clientWidth < 560;
  const most = narrow ? 13 : 17;
  const largest = shown.reduce((best, point) => (point.at[2][0] > best.at[2][0] ? point : best));
  const radius = (point) => Math.max(4, most * Math.sqrt(point.at[2][0] / (largest.at[2][0] || 1)));
  const chart = frame(holder, {
    x: spread(shown, 0), y: spread(shown, 1), height: narrow ? 400 : 480, inset: most + 6,
    xName: named(axes[0]), yName: named(axes[1]),
  });
  const at = (point) => {
    const r = radius(point);
    return { x: chart.across(point.at[0][0]), y: chart.up(point.at[1][0]), r, reach: point.front ? r * 1.45 + 3 : r * 1.25 + 2 };
  };
  const lines = [...drawFront(chart, shown, axes, at), ...shown.flatMap((point) => whiskers(chart, point, at(point)))];
  const order = [...shown].sort((a, b) => radius(b) - radius(a));
  const labels = draw(chart.svg, "g", { "aria-hidden": "true" });
  for (const point of order) mark(chart, point, at(point), labels);
  holder.replaceChildren(chart.svg);
  place(chart, labels, order.map(at), lines);
  chart.svg.append(labels);
  words.textContent =
    `Whiskers are 95 % intervals. The area of a mark is its ${axes[2].name} (${axes[2].about}); the largest here: ${largest.policy}, ` +
    `${largest.words[2]}. Rings mark the front: no other policy is better in one of the three and at least as good in the rest, where ` +
    `two are equally good if no difference between them is shown. The dashed line joins those of them that lead in the two axes.${out}`;
}

const named = (axis) => [axis.name, axis.unit && axis.unit !== "count" ? `(${axis.unit})` : ""].join(" ").trim();

function spread(points, axis) {
  const all = points.flatMap((point) => point.at[axis].filter((number) => number !== null));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  if (low > 0 && high / low > 30) return logarithmic(low, high);
  const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  return linear(low >= 0 ? Math.max(0, low - room) : low - room, high + room);
}

function whiskers(chart, point, { x, y }) {
  const g = draw(chart.svg, "g", { class: look(point.policy).colour });
  const [[, left, right], [, low, high]] = point.at;
  const lines = [];
  if (left !== null && right !== null) lines.push({ left: chart.across(left), right: chart.across(right), top: y, bottom: y });
  if (low !== null && high !== null) lines.push({ left: x, right: x, top: chart.up(high), bottom: chart.up(low) });
  for (const { left: x1, right: x2, top: y1, bottom: y2 } of lines) draw(g, "line", { class: "whisker", x1, x2, y1, y2 });
  return lines;
}

// The edge of what the policies on the front beat in the two axes, as far as they do not beat each other there.
function drawFront(chart, shown, axes, at) {
  const worth = (point) => [0, 1].map((axis) => (axes[axis].better === "less" ? 1 : -1) * point.at[axis][0]);
  const beats = (a, b) => a[0] <= b[0] && a[1] <= b[1] && (a[0] < b[0] || a[1] < b[1]);
  const members = shown.filter((point) => point.front);
  const front = members.filter((point) => !members.some((other) => beats(worth(other), worth(point))));
  if (!front.length) return [];
  const steps = front.sort((a, b) => worth(a)[0] - worth(b)[0] || worth(a)[1] - worth(b)[1]).map(at);
  const [start, end] = [
    axes[1].better === "less" ? chart.box.top : chart.box.bottom,
    axes[0].better === "less" ? chart.box.right : chart.box.left,
  ];
  const corners = [[steps[0].x, start], ...steps.flatMap(({ x, y }, index) => [...(index ? [[x, steps[index - 1].y]] : []), [x, y]]), [end, steps.at(-1).y]];
  draw(chart.svg, "path", { class: "front", d: `M${corners.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` });
  return corners.slice(1).map(([x, y], index) => {
    const [fromX, fromY] = corners[index];
    return { left: Math.min(x, fromX), right: Math.max(x, fromX), top: Math.min(y, fromY), bottom: Math.max(y, fromY) };
  });
}

function mark(chart, point, { x, y, r }, labels) {
  const { colour, outline } = look(point.policy);
  const told = `${point.policy}: ${point.words.join("; ")}${point.front ? "; on the front" : ""}`;
  const g = draw(chart.svg, "g", {
    class: `point ${colour}`, tabindex: 0, role: "img", "aria-label": told, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
  });
  draw(g, "circle", { class: "halo", r: Math.max(r * 1.5, 12) });
  draw(g, "path", { class: "mark", d: outline(r) });
  if (point.front) draw(g, "circle", { class: "ring", r: r * 1.45 + 2 });
  const text = point.policy.length > NAME_MAX ? `${point.policy.slice(0, NAME_MAX - 1)}…` : point.policy;
  draw(labels, "text", { class: "label", "data-policy": point.policy }, text);
  const show = () => {
    const { right, top } = g.getBoundingClientRect();
    const rows = point.words.map((each) => element("div", "", each));
    showTip(g, [element("div", "head", point.policy), ...rows, ...(point.front ? [element("div", "", "on the front")] : [])], right - 12, top);
  };
  g.addEventListener("pointermove", show);
  g.addEventListener("focus", () => {
    g.scrollIntoView({ block: "nearest" }); // now, or the browser does it when the figures have their place
    show();
  });
  g.addEventListener("pointerleave", () => hideTip(g));
  g.addEventListener("blur", () => hideTip(g));
}

// Each label goes to the nearest place around its mark where nothing is, or nothing but lines; one that has none is left
// to the legend.
function place(chart, labels, spots, lines) {
  const marks = spots.map(({ x, y, reach }) => ({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach, r: reach, x, y }));
  const taken = [...marks];
  for (const [index, text] of [...labels.children].entries()) {
    const own = marks[index];
    const free = places(own, text.getComputedTextLength(), chart).filter((box) => !taken.some((other) => overlap(box, other)));
    const found = free.find((box) => box.away < 60 && !lines.some((line) => overlap(box, line))) ?? free[0];
    if (!found) {
      text.remove();
      continue;
    }
    taken.push(found);
    text.setAttribute("x", found.left.toFixed(1));
    text.setAttribute("y", (found.bottom - 4).toFixed(1));
    if (found.away > 6) leader(labels, own, found);
  }
}

function places(own, wide, chart) {
  const [height, all] = [17, []];
  for (const away of [2, 10, 22, 36, 52, 70, 90]) {
    const far = own.r + away;
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1], [0.7, -0.7], [-0.7, -0.7], [0.7, 0.7], [-0.7, 0.7]]) {
      const [x, y] = [own.x + dx * far, own.y + dy * far];
      const left = dx > 0 ? x : dx < 0 ? x - wide : x - wide / 2;
      const top = dy < -0.9 ? y - height : dy > 0.9 ? y : y - height / 2;
      all.push({ left, right: left + wide, top, bottom: top + height, away });
      if (dx === 0) all.push({ left: x - 8, right: x - 8 + wide, top, bottom: top + height, away }, { left: x + 8 - wide, right: x + 8, top, bottom: top + height, away });
    }
  }
  return all.filter((box) => box.left > 2 && box.right < chart.width - 2 && box.top > chart.box.top && box.bottom < chart.box.bottom);
}

const overlap = (a, b) => a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom;

function leader(labels, own, box) {
  const [x, y] = [Math.max(box.left, Math.min(own.x, box.right)), Math.max(box.top, Math.min(own.y, box.bottom))];
  const far = Math.hypot(x - own.x, y - own.y) || 1;
  const [fromX, fromY] = [own.x + ((x - own.x) * own.r) / far, own.y + ((y - own.y) * own.r) / far];
  labels.prepend(draw(labels, "line", { class: "leader", x1: fromX, y1: fromY, x2: x, y2: y }));
}
