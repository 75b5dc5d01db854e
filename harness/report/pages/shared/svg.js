"use strict";
// Elements, numbers in words, and the note beside the pointer.

function draw(parent, name, attributes = {}, text = null) {
  const it = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
  if (text !== null) it.textContent = text;
  parent.append(it);
  return it;
}

function element(name, classes, ...content) {
  const it = document.createElement(name);
  if (classes) it.className = classes;
  it.append(...content);
  return it;
}

// Three significant digits, as the tables have them.
function say(number) {
  if (number === null || number === undefined) return "–";
  const most = Math.abs(number) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return (number || 0).toLocaleString("en", most).replace("-", "−");
}

function sayTime(ms) {
  return ms >= 1000 ? `${say(ms / 1000)} s` : `${say(ms)} ms`;
}

const tip = document.getElementById("tip");
const pointer = { owner: null, x: null, y: null };

// What scrolls below a mouse that lies still is not pointed at: the browser says that it moved, and it did not.
addEventListener("pointermove", (event) => {
  const { clientX: x, clientY: y, pointerType } = event;
  if (pointerType === "mouse" && x === pointer.x && y === pointer.y) event.stopImmediatePropagation();
  Object.assign(pointer, { x, y });
}, true);

// Near a point of the window, and within it.
function showTip(owner, content, x, y) {
  pointer.owner = owner;
  tip.replaceChildren(...content);
  tip.hidden = false;
  tip.style.left = 0; // so that it is as wide as it likes
  const { width, height } = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  const left = x + 16 + width < room ? x + 16 : x - 16 - width;
  tip.style.left = `${window.scrollX + Math.max(6, Math.min(left, room - width - 6))}px`;
  tip.style.top = `${window.scrollY + Math.max(6, Math.min(y + 14, window.innerHeight - height - 6))}px`;
}

// What the pointer leaves does not hide what another tells that has the focus.
function hideTip(owner = pointer.owner) {
  if (owner === pointer.owner) tip.hidden = true;
}
