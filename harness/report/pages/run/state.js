// What all sections look at: the data of the run, the stretch of time that is shown, the key, and what is picked.
// A section pushes what it does once the data is there to `starts`, and what it does when any of these change to `watchers`.

const run = {};
const shown = { from: 0, to: 1, key: null, picked: null }; // microseconds since the start of unrest; a number of a key
const starts = [];
const watchers = [];
let waiting = false;

// Many changes in one frame are drawn once.
function show(changes) {
  Object.assign(shown, changes);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const each of watchers) each();
  });
}

const seconds = (us) => `${(us / 1e6).toFixed(us % 1000 ? 6 : 3)} s`;
