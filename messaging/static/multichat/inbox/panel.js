// What stands around the thread: who has it, its labels and notes, the window for free answers.
import { call, piece } from "./api.js";
import { config, find, findAll, say, toast } from "./page.js";

const MINUTE = 60_000;

export class Panel {
  constructor() {
    this.panes = find(".mc-panes");
    this.frame = find("[data-details]");
    this.listen();
    this.tellWhetherOpen();
    this.tick();
    setInterval(() => this.tick(), MINUTE / 2);
  }

  listen() {
    const path = `conversations/${config.conversation}/`;
    document.addEventListener("click", (event) => {
      const status = event.target.closest("[data-status]");
      const note = event.target.closest("[data-delete-note]");
      if (event.target.closest("[data-toggle-details]")) this.toggle();
      else if (status) this.ask(() => call("PATCH", path, { status: status.dataset.status }));
      else if (note && confirm(say("deleteNoteSure"))) this.ask(() => call("DELETE", `${path}notes/${note.dataset.deleteNote}/`));
    });
    this.frame.addEventListener("change", (event) => {
      const form = event.target.closest("[data-work]");
      if (form) this.ask(() => call("PATCH", path, workIn(form)));
    });
    this.frame.addEventListener("submit", (event) => {
      const note = event.target.closest("[data-new-note]");
      const label = event.target.closest("[data-new-label]");
      if (!note && !label) return;
      event.preventDefault();
      this.ask(() => (note ? this.write(path, note) : this.addLabel(path, label)));
    });
  }

  // Wide enough, they stand open from the start, and the same class hides them.
  toggle() {
    this.panes.classList.toggle("mc-with-details");
    const opener = find("[data-toggle-details][aria-expanded]");
    this.tellWhetherOpen();
    if (this.isOpen) find("[data-toggle-details]", this.frame).focus();
    else opener.focus();
  }

  get isOpen() {
    return getComputedStyle(this.frame).display !== "none";
  }

  tellWhetherOpen() {
    find("[data-toggle-details][aria-expanded]").setAttribute("aria-expanded", String(this.isOpen));
  }

  async write(path, form) {
    const box = find("textarea", form);
    await call("POST", `${path}notes/`, { text: box.value });
    box.value = "";
  }

  async addLabel(path, form) {
    const box = find("input", form);
    const label = await call("POST", "labels/", { client: Number(form.dataset.client), name: box.value.trim() });
    const chosen = workIn(find("[data-work]")).labels;
    await call("PATCH", path, { labels: [...chosen, label.id] });
    box.value = "";
  }

  async ask(act) {
    try {
      await act();
      await this.refresh();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  // Each part by itself; nobody loses the field that he is in, nor what he has typed.
  async refresh() {
    const found = await piece(config.panel).catch(() => null);
    if (!found) return;
    const fresh = [...findAll("[data-part]", found), ...findAll("[data-part]", find("template[data-parts]", found).content)];
    for (const part of fresh) {
      const old = findAll(`[data-part=${part.dataset.part}]`).find((one) => !one.closest("template"));
      const isTypedIn = old && findAll("input[type=text], textarea", old).some((box) => box.value);
      if (old && !isTypedIn) this.swap(old, part);
    }
    this.tick();
  }

  swap(old, part) {
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const address = held && (held.id ? `#${held.id}` : held.name && `[name=${held.name}][value="${CSS.escape(held.value)}"]`);
    old.replaceWith(part);
    if (address) find(address, part)?.focus();
  }

  // How long one may still answer freely.
  tick() {
    const shown = find("[data-until]");
    const left = shown ? new Date(shown.dataset.until) - Date.now() : 0;
    if (shown && left <= 0) {
      delete shown.dataset.until;
      this.refresh();
      return;
    }
    if (shown) {
      const minutes = Math.ceil(left / MINUTE);
      const words = minutes >= 120 ? say("hours", Math.floor(minutes / 60)) : say("minutes", minutes);
      find("[data-left]", shown).textContent = `(${say("timeLeft", words)})`;
      shown.classList.toggle("mc-soon", minutes < 120);
    }
    find("[data-composer]").classList.toggle("mc-is-locked", Boolean(find("[data-locked]")));
  }
}

function workIn(form) {
  const assigned = find("[name=assigned_to]", form).value;
  const labels = findAll("[name=labels]:checked", form).map((box) => Number(box.value));
  return { assigned_to: assigned ? Number(assigned) : null, labels };
}
