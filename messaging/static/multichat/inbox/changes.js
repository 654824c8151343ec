// What changes while the page is open: by the live stream where it can be reached, by asking every few seconds elsewhere.
import { call, Refused } from "./api.js";
import { config } from "./page.js";

const TYPES = [
  "message.created", "message.updated", "message.deleted",
  "conversation.created", "conversation.updated", "conversation.deleted",
  "media.created", "media.updated", "instance.updated",
];
const ASK_SECONDS = 3;
const OPEN_SECONDS = 6;
const STREAM_AGAIN_SECONDS = 120;

export class Changes {
  // onChange gets one change, onReset means that some were missed for good.
  constructor(onChange, onReset) {
    Object.assign(this, { onChange, onReset });
    this.cursor = config.cursor;
    this.source = null;
    this.timer = null;
  }

  start() {
    this.listen();
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.listen();
    });
  }

  stop() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    clearTimeout(this.patience);
  }

  listen() {
    this.stop();
    const address = new URL(config.stream, location.href);
    address.searchParams.set("after", this.cursor);
    const source = new EventSource(address, { withCredentials: true });
    this.source = source;
    this.patience = setTimeout(() => this.poll(), OPEN_SECONDS * 1000);
    source.addEventListener("open", () => clearTimeout(this.patience));
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) this.poll();
    });
    for (const type of TYPES) {
      source.addEventListener(type, (event) => {
        this.cursor = event.lastEventId || this.cursor;
        this.onChange(JSON.parse(event.data));
      });
    }
    source.addEventListener("reset", (event) => {
      this.cursor = event.lastEventId || this.cursor;
      this.onReset();
    });
  }

  poll() {
    this.stop();
    this.pollUntil = Date.now() + STREAM_AGAIN_SECONDS * 1000;
    this.ask();
  }

  async ask() {
    try {
      const page = await call("GET", `changes/?after=${encodeURIComponent(this.cursor)}`);
      this.cursor = page.cursor;
      page.results.forEach((one) => this.onChange(one));
    } catch (error) {
      if (error instanceof Refused && error.status === 410) {
        this.cursor = error.problem.cursor;
        this.onReset();
      } else if (error instanceof Refused && error.status < 500 && error.status !== 429) {
        location.reload();
        return;
      }
    }
    if (Date.now() > this.pollUntil) this.listen();
    else this.timer = setTimeout(() => this.ask(), ASK_SECONDS * 1000);
  }
}
