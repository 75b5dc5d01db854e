// What pointer and keys do to a chart over time.

const LEAST_STRETCH = 100; // microseconds

function showStretch(from, to) {
  const end = run.timeline.end;
  const wide = Math.min(end, Math.max(LEAST_STRETCH, to - from));
  const start = Math.max(0, Math.min(from, end - wide));
  show({ from: start, to: start + wide });
}

const showWhole = () => show({ from: 0, to: run.timeline.end });

function momentUnder(chart, event) {
  const room = chart.svg.getBoundingClientRect();
  const part = (((event.clientX - room.left) / room.width) * chart.width - chart.box.left) / (chart.box.right - chart.box.left);
  return chart.x.value(Math.max(0, Math.min(1, part)));
}

function pointedChart(chart) {
  const { plot } = chart;
  let begun = null; // where a drag began
  const choosing = (event) => begun !== null && Math.abs(event.clientX - begun.clientX) > 4;
  const stop = () => {
    begun = null;
    chart.choice?.remove();
  };
  plot.onpointerdown = (event) => {
    if (event.button) return;
    begun = { clientX: event.clientX, at: momentUnder(chart, event) };
    plot.setPointerCapture(event.pointerId);
  };
  plot.onpointermove = (event) => {
    chart.at = momentUnder(chart, event);
    if (choosing(event)) drawChoice(chart, begun.at);
    showTimeTip(chart, event.clientY);
  };
  plot.onpointerup = (event) => {
    const chosen = choosing(event) ? [begun.at, momentUnder(chart, event)].sort((a, b) => a - b) : null;
    stop();
    if (chosen) showStretch(...chosen);
  };
  plot.onpointercancel = stop;
  plot.onpointerleave = () => hideTimeTip(chart);
  plot.ondblclick = showWhole;
}

function drawChoice(chart, from) {
  chart.choice?.remove();
  const [left, right] = [chart.across(from), chart.across(chart.at)].sort((a, b) => a - b);
  const { top, bottom } = chart.box;
  chart.choice = draw(chart.svg, "rect", { class: "choice", x: left, width: right - left, y: top, height: bottom - top });
}

function walkedChart(chart) {
  const { plot } = chart;
  const step = (part) => () => { chart.at += part * (shown.to - shown.from); };
  const zoom = (times) => () => {
    const half = ((shown.to - shown.from) * times) / 2;
    showStretch(chart.at - half, chart.at + half);
  };
  const keys = {
    ArrowRight: step(0.02), ArrowLeft: step(-0.02), PageUp: step(0.1), PageDown: step(-0.1),
    Home: () => { chart.at = shown.from; }, End: () => { chart.at = shown.to; },
    "+": zoom(0.5), "=": zoom(0.5), "-": zoom(2), 0: showWhole,
  };
  plot.onfocus = () => { if (plot.matches(":focus-visible")) showTimeTip(chart); };
  plot.onblur = () => hideTimeTip(chart);
  plot.onkeydown = (event) => {
    if (event.key === "Escape") hideTimeTip(chart);
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
    chart.at = Math.max(shown.from, Math.min(shown.to, chart.at));
    showTimeTip(chart);
  };
}

// Switches beside charts: those that are on stay in `on`.
function chartSwitches(holder, legend, names, on, inks = {}) {
  const labels = names.map((name) => {
    const box = element("input");
    box.type = "checkbox";
    box.checked = on.has(name);
    box.onchange = () => {
      if (box.checked) on.add(name);
      else on.delete(name);
      drawTimeCharts();
    };
    const key = inks[name] ? [element("span", `chart-key ${inks[name]}`)] : [];
    return element("label", "", box, ...key, element("span", "name", name));
  });
  holder.replaceChildren(element("legend", "", legend), ...labels);
}
