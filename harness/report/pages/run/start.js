// The last part of the script: all sections are there.

async function start() {
  Object.assign(run, await unpack(document.getElementById("data").textContent));
  for (const name of ["operations", "changes", "messages"]) run.timeline[name] = columns(run.timeline[name]);
  const [first] = run.timeline.violations;
  shown.to = run.timeline.end;
  shown.key = first?.key ? run.timeline.keys.indexOf(first.key) : 0;
  for (const each of starts) each();
  show({});
  document.documentElement.dataset.ready = "yes"; // tests wait for it
}

start();
