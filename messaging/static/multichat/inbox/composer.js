// Writing: texts, answers, changes of sent texts, and what lies in the tray.
import { call } from "./api.js";
import { Ghosts } from "./ghosts.js";
import { authorOf } from "./lines.js";
import { config, find, say, toast } from "./page.js";
import { Recorder } from "./recorder.js";
import { Tray } from "./tray.js";

const TALLEST = 180;

export class Composer {
  constructor(lines) {
    this.lines = lines;
    this.ghosts = new Ghosts(lines);
    this.frame = find("[data-composer]");
    this.box = find("[data-text-box]");
    this.form = find("[data-write]");
    this.context = { kind: "", message: null };
    this.draft = `multichat-draft-${config.conversation}`;
    this.tray = new Tray(() => this.look());
    this.recorder = new Recorder((wish) => this.dispatch([wish]), (text) => this.note(text));
    this.listen();
    this.box.value = sessionStorage.getItem(this.draft) || "";
    this.look();
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.recorder.isOn) this.recorder.end(true);
      else this.submit();
    });
    this.box.addEventListener("input", () => this.look());
    this.box.addEventListener("keydown", (event) => this.press(event));
    find("[data-context-close]").addEventListener("click", () => this.forget());
    this.frame.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("[data-tray-caption]")) event.preventDefault(), this.submit();
    });
  }

  press(event) {
    // While a character is being composed, Enter is the input method's.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.context.kind) {
      event.stopPropagation();
      this.forget();
    } else if (event.key === "ArrowUp" && !this.box.value) {
      if (this.lines.step(-1)) event.preventDefault();
    }
  }

  look() {
    const text = this.box.value;
    if (this.context.kind !== "edit") sessionStorage.setItem(this.draft, text);
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(TALLEST, this.box.scrollHeight)}px`;
    const over = text.length - config.longestText;
    this.note(over > 0 ? say("tooLong", over) : "");
    this.frame.classList.toggle("mc-has-text", Boolean(text.trim()) || this.tray.items.length > 0);
  }

  note(text) {
    const place = find("[data-note]");
    place.textContent = text;
    place.hidden = !text;
  }

  reply(line) {
    this.hold("reply", line, say("answering", authorOf(line)));
  }

  edit(line) {
    this.hold("edit", line, say("editing"));
    this.box.value = textOf(line);
    this.look();
  }

  rewrite(line) {
    this.box.value = textOf(line);
    this.look();
    this.box.focus();
  }

  hold(kind, line, title) {
    this.context = { kind, message: Number(line.dataset.pk) };
    find("[data-context-title]").textContent = title;
    find("[data-context-text]").textContent = textOf(line) || find("template[data-excerpt]", line)?.content.textContent || "";
    find("[data-context]").hidden = false;
    this.box.focus();
  }

  forget() {
    if (this.context.kind === "edit") this.box.value = sessionStorage.getItem(this.draft) || "";
    this.context = { kind: "", message: null };
    find("[data-context]").hidden = true;
    this.look();
    this.box.focus();
  }

  submit() {
    const text = this.box.value.trim();
    if (text.length > config.longestText) return;
    if (this.context.kind === "edit") return this.change(text);
    const wishes = this.tray.take();
    if (text && wishes.length === 1 && wishes[0].takesText && !wishes[0].text) wishes[0].text = text;
    else if (text) wishes.push({ text });
    this.box.value = "";
    if (wishes.length) this.dispatch(wishes);
    this.look();
  }

  // Several at once: the first one answers.
  dispatch(wishes) {
    if (this.context.kind === "reply") {
      wishes[0].reply_to = this.context.message;
      this.forget();
    }
    for (const { takesText, ...wish } of wishes) this.ghosts.send(wish);
  }

  async change(text) {
    if (!text) return;
    try {
      await call("PATCH", `messages/${this.context.message}/`, { text });
      this.lines.touch([this.context.message]);
      this.forget();
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}

export const textOf = (line) => find("template[data-text]", line)?.content.textContent ?? "";
