// The list of conversations: kept up to date, and walked with the keyboard.
import { piece } from "./api.js";
import { compare, config, find, findAll, gathered, isTyping, MOST_IDS, say } from "./page.js";

const REMEMBERED = "multichat-list";

export class Rows {
  constructor(pane) {
    this.pane = pane;
    this.scroller = find("[data-rows-pane]", pane);
    this.list = find("[data-rows]", pane);
    this.isFirstPage = pane.dataset.first === "1";
    this.current = config.conversation ?? null;
    this.touch = gathered((ids) => this.refresh(ids), 300);
    this.title = document.title;
    this.restore();
    this.count();
    this.watchMore();
    addEventListener("pagehide", () => this.remember());
  }

  has(pk) {
    return Boolean(this.row(pk));
  }

  row(pk) {
    return find(`#row-${Number(pk)}`, this.list);
  }

  address(facts) {
    const query = new URLSearchParams(config.filters);
    for (const [name, value] of Object.entries(facts)) query.set(name, value);
    if (this.current) query.set("current", this.current);
    return `${config.rows}?${query}`;
  }

  async refresh(ids) {
    if (ids.length > MOST_IDS) return this.reload();
    const found = await piece(this.address({ ids: ids.join(",") })).catch(() => null);
    if (!found) return;
    const rows = new Map(findAll("[data-rows] > li", found).map((row) => [Number(row.dataset.pk), row]));
    for (const id of ids) {
      if (rows.has(id)) this.announce(rows.get(id)), this.place(rows.get(id));
      else this.drop(id);
    }
    this.count();
  }

  // The open thread tells of its own.
  announce(row) {
    const known = this.row(row.dataset.pk);
    const before = known ? unreadOf(known) : 0;
    if (Number(row.dataset.pk) === this.current || unreadOf(row) <= before) return;
    find("[data-heard]").textContent = say("newMessageFrom", find(".mc-name", row).textContent);
  }

  async reload() {
    const found = await piece(this.address({})).catch(() => null);
    if (!found) return;
    this.list.replaceChildren(...findAll("[data-rows] > li", found));
    this.count();
  }

  place(row) {
    const known = this.row(row.dataset.pk);
    if (!known && !this.isFirstPage) return;
    const hadFocus = known?.contains(document.activeElement);
    known?.remove();
    const next = findAll(":scope > li", this.list).find((one) => compare(one.dataset.at, row.dataset.at) < 0);
    if (!next && !known && find("[data-more-rows]", this.pane)) return;
    if (!known) row.classList.add("mc-arrived");
    this.list.insertBefore(row, next ?? null);
    if (hadFocus) find("a", row).focus({ preventScroll: true });
  }

  // It does not belong here any more; the one that is open stays until one goes on.
  drop(pk) {
    const row = this.row(pk);
    if (!row) return;
    if (Number(pk) !== this.current) row.remove();
    else row.classList.remove("mc-is-unread"), find("[data-unread]", row)?.remove();
  }

  count() {
    const unread = findAll("[data-unread]", this.list).length;
    document.title = unread ? `(${unread}) ${this.title}` : this.title;
    const empty = find("[data-empty]", this.pane);
    if (empty) empty.hidden = this.list.children.length > 0;
  }

  watchMore() {
    const link = find("[data-more-rows]", this.pane);
    if (!link || !this.isFirstPage) return;
    const watcher = new IntersectionObserver(
      (seen) => {
        if (seen.some((one) => one.isIntersecting)) {
          watcher.disconnect();
          this.more(link);
        }
      },
      { root: this.scroller, rootMargin: "300px" },
    );
    watcher.observe(link);
  }

  async more(link) {
    const query = new URL(link.href).search;
    const found = await piece(config.rows + query).catch(() => null);
    if (!found) return;
    for (const row of findAll("[data-rows] > li", found)) {
      if (!this.row(row.dataset.pk)) this.list.append(row);
    }
    const next = find("[data-more-rows]", found);
    if (next) link.replaceWith(next);
    else link.remove();
    this.watchMore();
  }

  // Another page shows the same list where one left it.
  remember() {
    const kept = { filters: config.filters, top: this.scroller.scrollTop };
    sessionStorage.setItem(REMEMBERED, JSON.stringify(kept));
  }

  restore() {
    const kept = JSON.parse(sessionStorage.getItem(REMEMBERED) || "{}");
    if (kept.filters === config.filters && kept.top) this.scroller.scrollTop = kept.top;
    find("[aria-current=page]", this.list)?.scrollIntoView({ block: "nearest" });
  }

  // j, k and the arrows; Enter is the link's own.
  step(by) {
    const links = findAll("li > a", this.list);
    if (!links.length) return;
    const at = links.findIndex((link) => link === document.activeElement);
    const from = at < 0 ? links.findIndex((link) => link.hasAttribute("aria-current")) : at;
    const next = links[Math.min(links.length - 1, Math.max(0, from + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  get hasFocus() {
    return this.list.contains(document.activeElement);
  }
}

function unreadOf(row) {
  return Number(find("[data-unread]", row)?.dataset.unread ?? 0);
}

export function walkByKeys(rows) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const search = find("[data-search]");
    if (event.target === search) {
      if (event.key === "Escape" && !search.value) search.blur();
      else if (event.key === "ArrowDown") event.preventDefault(), rows.step(1);
      return;
    }
    if (isTyping(event.target)) return;
    if (event.key === "/") event.preventDefault(), search.focus(), search.select();
    else if (event.key === "j" || (event.key === "ArrowDown" && rows.hasFocus)) event.preventDefault(), rows.step(1);
    else if (event.key === "k" || (event.key === "ArrowUp" && rows.hasFocus)) event.preventDefault(), rows.step(-1);
    else if (event.key === "n") find("[data-begin]")?.click();
    else if (event.key === "Escape") find(".mc-more-filters[open]")?.removeAttribute("open");
  });
  document.addEventListener("click", (event) => {
    const menu = find(".mc-more-filters[open]");
    if (menu && !menu.contains(event.target)) menu.removeAttribute("open");
  });
}

// Which conversation a change is about, if any.
export function conversationOf(change) {
  if (change.type.startsWith("conversation.")) return change.object_id;
  return change.object?.conversation ?? null;
}
