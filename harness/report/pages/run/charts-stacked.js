// Counts in bins of time, one upon another.

const BIN_PIXELS = 7;

// Widths of bins are 1, 2 or 5 of some power of ten, or multiples of the `least` that is known.
function timeBins(from, to, pixels, least = 0) {
  const rough = ((to - from) * BIN_PIXELS) / Math.max(100, pixels);
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = Math.max(1, [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999));
  const wide = least ? least * Math.ceil(nice / least) : nice;
  const first = Math.floor(from / wide);
  return { wide, first, count: Math.floor((to - 1e-6) / wide) - first + 1 };
}

// How many of `at` are in each bin, for each of `names`: `nameOf(row)` is a place among them, or -1.
function countedIn(bins, at, names, nameOf) {
  const counts = names.map(() => new Float64Array(bins.count));
  for (let row = 0; row < at.length; row += 1) {
    const bin = Math.floor(at[row] / bins.wide) - bins.first;
    if (bin < 0 || bin >= bins.count) continue;
    const name = nameOf(row);
    if (name >= 0) counts[name][bin] += 1;
  }
  return counts;
}

// `counted(bins)` gives a list of counts for each of `names`; `on` has the names that are shown, `inks` their classes.
function stackedChart(holder, { label, names, on, inks, counted, least = 0 }) {
  timeChart(holder, {
    label,
    layout(from, to) {
      const bins = timeBins(from, to, holder.clientWidth - CHART_LEFT - CHART_RIGHT, least);
      const counts = counted(bins).map((each, place) => (on.has(names[place]) ? each : each.map(() => 0)));
      const sums = counts.reduce((all, each) => all.map((sum, bin) => sum + each[bin]), new Array(bins.count).fill(0));
      const rate = 1e6 / bins.wide;
      return { height: 130, bins, counts, rate, y: linear(0, Math.max(...sums, 1e-9) * rate * 1.05) };
    },
    mark: drawStacks,
    read(us, chart, { bins, counts, rate }) {
      const bin = Math.min(bins.count - 1, Math.floor(us / bins.wide) - bins.first);
      const start = (bins.first + bin) * bins.wide;
      const rows = names.map((name, place) => ({ name, ink: inks[name], words: `${say(counts[place][bin])} (${say(counts[place][bin] * rate)} per s)` })).filter(({ name }) => on.has(name));
      return { head: `${sayMoment(start)} to ${sayMoment(start + bins.wide)}`, rows: rows.reverse() };
    },
  });

  function drawStacks({ svg, box, across, up }, { bins, counts, rate }) {
    const floor = new Float64Array(bins.count);
    counts.forEach((of_name, place) => {
      let d = "";
      of_name.forEach((count, bin) => {
        if (!count) return;
        const start = (bins.first + bin) * bins.wide;
        const [left, right] = [Math.max(box.left, across(start)), Math.min(box.right, across(start + bins.wide))];
        const bottom = up(floor[bin] * rate).toFixed(1);
        floor[bin] += count;
        d += `M${left.toFixed(1)} ${bottom}V${up(floor[bin] * rate).toFixed(1)}H${right.toFixed(1)}V${bottom}Z`;
      });
      if (d) draw(svg, "path", { class: `stack ${inks[names[place]]}`, d });
    });
  }
}
