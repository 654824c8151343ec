// What is on its way to the server: shown at once, sent in its order, tried again with the same key.
import { call, Offline, upload } from "./api.js";
import { config, copyOf, find, newKey, say } from "./page.js";

const AGAIN_SECONDS = 3;

export class Ghosts {
  constructor(lines) {
    this.lines = lines;
    this.queue = Promise.resolve();
  }

  // wish: {text, reply_to, template} or {file, name, type, text, reply_to}; onRefused gets it back.
  send(wish) {
    const ghost = { wish, key: newKey(), shown: copyOf("[data-ghost]") };
    find("[data-ghost-text]", ghost.shown).textContent = describe(wish);
    this.lines.list.append(ghost.shown);
    this.lines.tidy();
    this.lines.scrollToEnd();
    find("[data-ghost-again]", ghost.shown).addEventListener("click", () => this.enqueue(ghost));
    find("[data-ghost-discard]", ghost.shown).addEventListener("click", () => this.drop(ghost));
    this.enqueue(ghost);
  }

  enqueue(ghost) {
    this.mark(ghost, "");
    this.queue = this.queue.then(() => this.deliver(ghost));
  }

  async deliver(ghost) {
    while (!ghost.dropped) {
      try {
        const message = await this.post(ghost);
        await this.lines.refresh([message.id]);
        this.drop(ghost);
        this.lines.scrollToEnd();
        return;
      } catch (error) {
        if (!(error instanceof Offline)) return this.mark(ghost, error.message);
        find("[data-ghost-state]", ghost.shown).textContent = error.message;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_SECONDS * 1000));
      }
    }
  }

  post(ghost) {
    const path = `conversations/${config.conversation}/messages/`;
    const headers = { "Idempotency-Key": ghost.key };
    const { file, name, ...rest } = ghost.wish;
    if (!file) return call("POST", path, rest, headers);
    const form = new FormData();
    form.append("file", file, name);
    for (const [field, value] of Object.entries(rest)) if (value) form.append(field, value);
    const state = find("[data-ghost-state]", ghost.shown);
    return upload(path, form, headers, (part) => {
      state.textContent = part < 100 ? say("uploading", part) : say("sending");
    });
  }

  mark(ghost, fault) {
    const place = find("[data-ghost-fault]", ghost.shown);
    place.hidden = !fault;
    find("[data-ghost-why]", place).textContent = fault ? `${say("notSent")} ${fault}` : "";
    find("[data-ghost-state]", ghost.shown).textContent = fault ? "" : say("sending");
    ghost.shown.classList.toggle("mc-refused", Boolean(fault));
  }

  drop(ghost) {
    ghost.dropped = true;
    ghost.shown.remove();
    this.lines.tidy();
  }
}

function describe(wish) {
  if (wish.template) return wish.template.name;
  return [wish.name, wish.text].filter(Boolean).join("\n");
}
