// What the page was told by the server, and small things that every part needs.
export const config = JSON.parse(document.getElementById("mc-config").textContent);

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

export function say(key, value) {
  const text = config.words[key] ?? key;
  return value === undefined ? text : text.replace("%s", () => String(value));
}

export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("class", "mc-icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `#mc-${name}`);
  picture.append(use);
  return picture;
}

export function button(label, picture, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "mc-icon-button";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.append(icon(picture));
  made.addEventListener("click", onClick);
  return made;
}

// Copies what a <template> of our own holds.
export const copyOf = (selector) => find(selector).content.firstElementChild.cloneNode(true);

const TOAST_SECONDS = 6;

export function toast(text, tone = "calm") {
  const place = find("[data-toasts]");
  if (!place) return;
  const shown = document.createElement("p");
  shown.className = `mc-toast mc-${tone}`;
  shown.textContent = text;
  place.append(shown);
  setTimeout(() => shown.remove(), TOAST_SECONDS * 1000);
}

// randomUUID exists on secure addresses only; this works on a plain one in the office too.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Calls of a short while come together in one, and the next one waits until that is done.
export function gathered(act, milliseconds) {
  const waiting = new Set();
  let isBusy = false;
  async function turn() {
    const all = [...waiting];
    waiting.clear();
    await act(all);
    isBusy = waiting.size > 0;
    if (isBusy) setTimeout(turn, milliseconds);
  }
  return (ids) => {
    for (const id of ids) waiting.add(Number(id));
    if (isBusy) return;
    isBusy = true;
    setTimeout(turn, milliseconds);
  };
}

// The server takes so many ids at once.
export const MOST_IDS = 100;

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

// A place is "<microseconds>.<id>", as accounts.paging writes it; nothing before the dot lies before every time.
export function compare(one, other) {
  const [a, b] = [one, other].map((place) => String(place || ".0").split(".").map(Number));
  return a[0] - b[0] || a[1] - b[1];
}

export const isTyping = (target) =>
  target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable], dialog"));
