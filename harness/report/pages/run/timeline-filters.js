// Which operations are shown. They are chosen anew when a filter changes, not when a frame is drawn.

const timelineFilters = { onlyKey: false, client: -1, kind: -1, outcome: -1, fault: -1, violating: false, messages: "none" };
const timelineShown = { lanes: [], count: 0, mask: new Uint8Array(0), key: null };

function passesFilters(row) {
  const it = timelineFilters;
  const { operations, faults } = run.timeline;
  if (it.onlyKey && operations.key[row] !== shown.key) return false;
  if (it.client >= 0 && operations.client[row] !== it.client) return false;
  if (it.kind >= 0 && operations.kind[row] !== it.kind) return false;
  if (it.outcome >= 0 && operations.outcome[row] !== it.outcome) return false;
  if (it.violating && !timelineData.violating[row]) return false;
  if (it.fault < 0) return true;
  const { from, until } = faults[it.fault];
  return endOf(row) >= from && operations.at[row] < (until ?? Infinity);
}

function applyFilters() {
  const { count } = run.timeline.operations;
  const mask = new Uint8Array(count);
  let many = 0;
  for (let row = 0; row < count; row += 1) if (passesFilters(row)) many += mask[row] = 1;
  Object.assign(timelineShown, { mask, count: many, key: shown.key });
  timelineShown.lanes = timelineData.lanes.map((lane) => lane.map((rows) => withEnds(rows.filter((row) => mask[row]))));
  forgetOverview();
}

// `until` rises, so that what is in view is found by halving, even where a lane had no more room and bars overlap.
function withEnds(rows) {
  const { at } = run.timeline.operations;
  const from = Float64Array.from(rows, (row) => at[row]);
  const until = new Float64Array(rows.length);
  let last = 0;
  for (let place = 0; place < rows.length; place += 1) until[place] = last = Math.max(last, endOf(rows[place]));
  return { rows, from, until };
}

function setFilter(changes) {
  Object.assign(timelineFilters, changes);
  applyFilters();
  show({});
}

// A link leads to its event even where filters hid it.
function clearFilters() {
  setFilter({ onlyKey: false, client: -1, kind: -1, outcome: -1, fault: -1, violating: false });
  for (const name of ["client", "kind", "outcome", "fault"]) document.getElementById(`timeline-${name}`).value = "-1";
  for (const name of ["only-key", "violating"]) document.getElementById(`timeline-${name}`).checked = false;
}

function startFilters() {
  const { clients, kinds, outcomes, faults } = run.timeline;
  const lists = { client: clients, kind: kinds, outcome: outcomes, fault: faults.map(nameOfFault) };
  for (const [name, list] of Object.entries(lists)) {
    const select = document.getElementById(`timeline-${name}`);
    list.forEach((text, number) => select.append(new Option(text, number)));
    select.addEventListener("change", () => setFilter({ [name]: Number(select.value) }));
  }
  for (const [id, name] of [["only-key", "onlyKey"], ["violating", "violating"]]) {
    const box = document.getElementById(`timeline-${id}`);
    box.addEventListener("change", () => setFilter({ [name]: box.checked }));
  }
  const messages = document.getElementById("timeline-messages");
  messages.addEventListener("change", () => setFilter({ messages: messages.value }));
  document.getElementById("timeline-violating-box").hidden = !timelineData.violating.includes(1);
  document.getElementById("timeline-filters").addEventListener("submit", (event) => event.preventDefault());
  startKeys();
}

const nameOfFault = ({ id, kind, targets }) => `${id} ${kind} ${targets.join(" ")}`.trim();

// What an input may hold of a key: no ends of lines.
const keyForInput = (key) => key.replace(/[\r\n]/g, "");

function startKeys() {
  const input = document.getElementById("timeline-key");
  const list = document.getElementById("timeline-keys");
  const numbers = new Map(run.timeline.keys.map((key, number) => [keyForInput(key), number]).reverse());
  const offer = () => {
    const found = [...numbers.keys()].reverse().filter((key) => key.includes(input.value)).slice(0, 100);
    list.replaceChildren(...found.map((key) => new Option(key, key)));
  };
  input.addEventListener("focus", () => { input.select(); offer(); });
  input.addEventListener("input", () => {
    offer();
    const key = numbers.get(input.value);
    input.setAttribute("aria-invalid", key === undefined);
    if (key !== undefined) show({ key });
  });
}

// The key may have been chosen by another section, or by what is picked.
function followKey() {
  if (timelineShown.key === shown.key) return;
  const input = document.getElementById("timeline-key");
  const key = run.timeline.keys[shown.key];
  if (key !== undefined && input.value !== keyForInput(key)) input.value = keyForInput(key);
  input.setAttribute("aria-invalid", false);
  if (timelineFilters.onlyKey) applyFilters();
  timelineShown.key = shown.key;
  gatherHeld();
}

function countShown() {
  let inView = 0;
  for (const lane of timelineShown.lanes) {
    for (const { from, until } of lane) inView += Math.max(0, firstAtLeast(from, shown.to) - firstAtLeast(until, shown.from));
  }
  const { count } = run.timeline.operations;
  const text = `${say(timelineShown.count, 0)} of ${say(count)} operations, ${say(inView)} in this stretch`;
  const note = document.getElementById("timeline-count");
  if (note.textContent !== text) note.textContent = text;
}
