// What one does with a message: react, answer, copy, change, delete, send again.
import { call } from "./api.js";
import { textOf } from "./composer.js";
import { copyOf, find, findAll, isTyping, say, toast } from "./page.js";

const KEYS = { r: "reply", e: "edit", "+": "react", c: "copy", Delete: "delete" };

// Each line names what may be done with it.
export function offerActs(line) {
  const words = line.dataset.acts?.split(" ") ?? [];
  if (!words[0] || find(".mc-acts", line)) return;
  const acts = copyOf("[data-acts-of-line]");
  for (const one of findAll("[data-act]", acts)) if (!words.includes(one.dataset.act)) one.remove();
  find(".mc-bubble", line).after(acts);
}

export class Acts {
  constructor(thread, lines, composer) {
    Object.assign(this, { thread, lines, composer });
    this.emoji = null;
    thread.addEventListener("click", (event) => this.click(event));
    thread.addEventListener("keydown", (event) => this.press(event));
    thread.addEventListener("submit", (event) => this.fetchFile(event));
    // The buttons of one line at a time are on the way of the Tab key.
    thread.addEventListener("focusin", (event) => {
      const line = event.target.closest("li[data-pk]");
      for (const one of findAll(".mc-acts button[tabindex='0']", thread)) one.tabIndex = -1;
      for (const one of line ? findAll(".mc-acts button", line) : []) one.tabIndex = 0;
    });
    document.addEventListener("click", (event) => {
      if (this.emoji && !this.emoji.contains(event.target) && !event.target.closest("[data-act=react]")) this.closeEmoji();
    });
  }

  click(event) {
    const line = event.target.closest("li[data-pk]");
    const act = event.target.closest("[data-act]");
    const outbox = event.target.closest("[data-outbox]");
    const emoji = event.target.closest("[data-emoji-choice]");
    if (emoji) this.react(line, emoji.dataset.emojiChoice);
    else if (act) this.act(act.dataset.act, line);
    else if (outbox) this.decide(outbox, line);
    else if (line && !event.target.closest("a, button, input, video, audio, summary")) this.open(line);
  }

  // A finger has no hover: a tap on a bubble shows its buttons.
  open(line) {
    if (!matchMedia("(hover: none)").matches || String(getSelection())) return;
    const wasOpen = line.classList.contains("mc-acting");
    for (const one of findAll(".mc-acting", this.thread)) one.classList.remove("mc-acting");
    line.classList.toggle("mc-acting", !wasOpen);
  }

  press(event) {
    const line = event.target.closest("li[data-pk]");
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      if (line && this.lines.step(event.key === "ArrowUp" ? -1 : 1)) event.preventDefault();
      else if (line && event.key === "ArrowDown") event.preventDefault(), this.composer?.box.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.emoji) this.closeEmoji();
      else this.composer?.box.focus();
    } else if (line && KEYS[event.key] && find(`[data-act=${KEYS[event.key]}]`, line)) {
      event.preventDefault();
      this.act(KEYS[event.key], line);
    }
  }

  act(word, line) {
    line.classList.remove("mc-acting");
    if (word === "react") this.chooseEmoji(line);
    else if (word === "copy") copy(textOf(line));
    else if (word === "delete") this.remove(line);
    else this.composer[word](line);
  }

  chooseEmoji(line) {
    const wasHere = this.emoji && line.contains(this.emoji);
    this.closeEmoji();
    if (wasHere) return;
    this.emoji = copyOf("[data-emoji]");
    const own = find("[data-own-reaction]", line)?.dataset.ownReaction;
    for (const one of findAll("[data-emoji-choice]", this.emoji)) {
      if (own && one.dataset.emojiChoice === own) one.setAttribute("aria-current", "true");
      if (!one.dataset.emojiChoice) one.hidden = !own;
    }
    find(".mc-acts", line).append(this.emoji);
    line.classList.add("mc-acting");
    find("button", this.emoji).focus();
  }

  closeEmoji() {
    this.emoji?.closest("li")?.classList.remove("mc-acting");
    this.emoji?.remove();
    this.emoji = null;
  }

  react(line, emoji) {
    this.closeEmoji();
    const path = `messages/${line.dataset.pk}/reaction/`;
    this.ask(line, () => (emoji ? call("PUT", path, { emoji }) : call("DELETE", path)));
  }

  remove(line) {
    if (confirm(say("deleteSure"))) this.ask(line, () => call("DELETE", `messages/${line.dataset.pk}/`));
  }

  decide(button, line) {
    const { outbox, verb, wasSent } = button.dataset;
    if (verb === "send-again" && find(".mc-status-unknown", line) && !confirm(say("againSure"))) return;
    const body = verb === "settle" ? { was_sent: wasSent === "1" } : undefined;
    button.disabled = true;
    this.ask(line, () => call("POST", `outbox/${outbox}/${verb}/`, body)).finally(() => {
      button.disabled = false;
    });
  }

  fetchFile(event) {
    const form = event.target.closest("[data-fetch]");
    if (!form) return;
    event.preventDefault();
    this.ask(form.closest("li"), () => call("POST", `media/${form.dataset.fetch}/fetch/`));
  }

  async ask(line, act) {
    try {
      await act();
    } catch (error) {
      toast(error.message, "bad");
    }
    this.lines.touch([line.dataset.pk]);
  }
}

async function copy(text) {
  if (navigator.clipboard && isSecureContext) {
    await navigator.clipboard.writeText(text).catch(() => {});
  } else {
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast(say("copied"));
}
