// Data that was compressed, and columns of numbers in it.

async function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

// Lists of numbers as typed arrays; what rises was written as steps. Microseconds of a day fit into a double exactly.
function columns({ rising, ...lists }) {
  const found = {};
  for (const [name, numbers] of Object.entries(lists)) {
    const column = Float64Array.from(numbers);
    if (rising.includes(name)) for (let row = 1; row < column.length; row += 1) column[row] += column[row - 1];
    found[name] = column;
  }
  found.count = lists[Object.keys(lists)[0]].length;
  return found;
}
