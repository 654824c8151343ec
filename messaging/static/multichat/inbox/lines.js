// The messages of the open thread: put in their order, older and newer ones fetched as one scrolls.
import { offerActs } from "./acts.js";
import { piece } from "./api.js";
import { compare, config, find, findAll, gathered, MOST_IDS, say } from "./page.js";

const NEAR_END = 140;
const PLAYER = ".mc-player, .mc-video";

export class Lines {
  // enhance(line) is called for each line that comes to stand in the thread.
  constructor(thread, enhance) {
    Object.assign(this, { thread, enhance });
    this.list = find("[data-lines]", thread);
    this.older = find("[data-older]", thread);
    this.newer = find("[data-newer]", thread);
    this.toEnd = find("[data-to-end]");
    this.markup = new WeakMap();
    this.touch = gathered((ids) => this.refresh(ids), 150);
    findAll(":scope > li[data-pk]", this.list).forEach((line) => this.welcome(line));
    this.isPinned = false;
    this.begin();
    this.watch();
  }

  begin() {
    const chosen = config.chosen && this.line(config.chosen);
    if (chosen) this.show(chosen, "auto");
    else if (!this.hasNewer) this.scrollToEnd();
  }

  get hasNewer() {
    return !this.newer.hidden;
  }

  line(pk) {
    return find(`#message-${Number(pk)}`, this.list);
  }

  get all() {
    return findAll(":scope > li[data-pk]", this.list);
  }

  async refresh(ids) {
    if (ids.length > MOST_IDS) await this.refresh(ids.splice(MOST_IDS));
    const found = await piece(`${config.lines}?ids=${ids.join(",")}`).catch(() => null);
    if (!found) return [];
    const fresh = findAll("[data-lines] > li[data-pk]", found);
    const arrived = fresh.filter((line) => this.place(line));
    this.tidy();
    if (this.isPinned) this.scrollToEnd();
    const heard = arrived.filter((line) => line.classList.contains("mc-theirs")).at(-1);
    if (heard) find("[data-heard]").textContent = say("newMessageFrom", authorOf(heard));
    return arrived;
  }

  // True when it is new here. What lies beyond the ends of what is loaded comes when one scrolls there.
  place(line) {
    const known = this.line(line.dataset.pk);
    if (known) this.keepWhatPlays(known, line);
    const hadFocus = known?.contains(document.activeElement);
    known?.remove();
    const all = this.all;
    const next = all.find((one) => compare(one.dataset.at, line.dataset.at) > 0);
    const beyond = (!next && this.hasNewer) || (next && next === all[0] && !this.older.hidden);
    if (beyond && !known) return this.noteNews(line), false;
    this.list.insertBefore(line, next ?? find(":scope > .mc-ghost", this.list));
    this.welcome(line);
    if (hadFocus) line.focus({ preventScroll: true });
    if (!known) this.noteNews(line);
    return !known;
  }

  noteNews(line) {
    if (this.isPinned || !line.classList.contains("mc-theirs")) return;
    find("[data-to-end-text]").textContent = say("newMessages");
    this.toEnd.hidden = false;
    this.toEnd.classList.add("mc-on");
  }

  // A picture that stands there already need not flicker, and what somebody listens to plays on.
  keepWhatPlays(known, line) {
    const [old, fresh] = [find(".mc-said", known), find(".mc-said", line)];
    if (old && fresh && this.markup.get(old) === fresh.innerHTML) fresh.replaceWith(old);
    else goOn(find(PLAYER, known), find(PLAYER, line));
    const opened = findAll("details[open]", known).length;
    if (opened) findAll("details", line).forEach((one) => one.setAttribute("open", ""));
  }

  welcome(line) {
    offerActs(line);
    const said = find(".mc-said", line);
    if (said && !this.markup.has(said)) {
      this.markup.set(said, said.innerHTML);
      this.enhance(line);
    }
  }

  // Days and authors by what stands before.
  tidy() {
    findAll(":scope > .mc-day", this.list).forEach((day) => day.remove());
    let before = null;
    for (const line of this.all) {
      const sameDay = before?.dataset.day === line.dataset.day;
      if (!sameDay) this.list.insertBefore(this.separator(line.dataset.dayName), line);
      line.classList.toggle("mc-follows", sameDay && before.dataset.author === line.dataset.author);
      before = line;
    }
    const empty = find("[data-no-lines]", this.thread);
    if (empty) empty.hidden = this.list.children.length > 0;
  }

  separator(name) {
    const day = document.createElement("li");
    day.className = "mc-day";
    day.setAttribute("role", "separator");
    const shown = document.createElement("span");
    shown.textContent = name;
    day.append(shown);
    return day;
  }

  watch() {
    const watcher = new IntersectionObserver(
      (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => this.load(one.target)),
      { root: this.thread, rootMargin: "400px 0px" },
    );
    watcher.observe(this.older);
    watcher.observe(this.newer);
    this.watcher = watcher;
    this.thread.addEventListener("scroll", () => this.notePosition(), { passive: true });
    // Pictures that come later push what is below them.
    new ResizeObserver(() => this.isPinned && this.scrollToEnd()).observe(this.list);
    new ResizeObserver(() => this.isPinned && this.scrollToEnd()).observe(this.thread);
    this.toEnd.addEventListener("click", () => this.goToEnd());
    this.thread.addEventListener("click", (event) => {
      const link = event.target.closest("[data-jump]");
      const line = link && this.line(link.dataset.jump);
      if (line) event.preventDefault(), this.show(line, "smooth");
    });
  }

  notePosition() {
    const left = this.thread.scrollHeight - this.thread.scrollTop - this.thread.clientHeight;
    this.isPinned = left < NEAR_END && !this.hasNewer;
    this.toEnd.hidden = this.isPinned || (left < this.thread.clientHeight && !this.hasNewer && !this.toEnd.classList.contains("mc-on"));
    if (this.isPinned) this.toEnd.classList.remove("mc-on");
  }

  async load(end) {
    if (end.hidden || end.dataset.loading) return;
    end.dataset.loading = "1";
    const isOlder = end === this.older;
    const place = isOlder ? this.list.dataset.olderPlace : this.list.dataset.newerPlace;
    const found = await piece(`${config.lines}?${isOlder ? "before" : "after"}=${place}`).catch(() => null);
    delete end.dataset.loading;
    if (!found) return;
    this.join(find("[data-lines]", found), isOlder);
    // Still in sight: the watcher says nothing of what has not left.
    this.watcher.unobserve(end);
    this.watcher.observe(end);
  }

  join(piece, isOlder) {
    const fresh = findAll(":scope > li[data-pk]", piece).filter((line) => !this.line(line.dataset.pk));
    const below = this.thread.scrollHeight - this.thread.scrollTop;
    if (isOlder) this.list.prepend(...fresh);
    else this.list.append(...fresh);
    const name = isOlder ? "olderPlace" : "newerPlace";
    this.list.dataset[name] = piece.dataset[name] || "";
    (isOlder ? this.older : this.newer).hidden = !this.list.dataset[name];
    fresh.forEach((line) => this.welcome(line));
    this.tidy();
    if (isOlder) this.thread.scrollTop = this.thread.scrollHeight - below;
  }

  scrollToEnd() {
    this.thread.scrollTop = this.thread.scrollHeight;
    this.isPinned = !this.hasNewer;
  }

  goToEnd() {
    if (this.hasNewer) location.assign(location.pathname + (config.filters ? `?_changelist_filters=${encodeURIComponent(config.filters)}` : ""));
    else this.scrollToEnd();
  }

  show(line, behavior) {
    this.isPinned = false;
    line.scrollIntoView({ block: "center", behavior });
    line.focus({ preventScroll: true });
    line.classList.add("mc-shown");
    setTimeout(() => line.classList.remove("mc-shown"), 2500);
  }

  // From the line that has the focus, or from the last one.
  step(by) {
    const all = this.all;
    const at = all.findIndex((line) => line.contains(document.activeElement));
    const next = at < 0 ? all.at(-1) : all[at + by];
    if (!next) return false;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
}

// Begun and not at its end, also while its waveform or another form of it arrives; not once it is taken back.
function goOn(old, fresh) {
  const media = old && (find("audio", old) ?? old);
  if (media && fresh && !media.ended && (!media.paused || media.currentTime > 0)) fresh.replaceWith(old);
}

// As a screen reader is told it.
export const authorOf = (line) => find(".mc-sender, .visually-hidden", line)?.textContent.replace(/:\s*$/, "") ?? "";
