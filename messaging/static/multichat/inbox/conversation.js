// The page of one conversation: the list beside it, the thread, the composer, the details.
import { Acts } from "./acts.js";
import { call } from "./api.js";
import { Changes } from "./changes.js";
import { Composer } from "./composer.js";
import { openPicturesLarge } from "./lightbox.js";
import { Lines } from "./lines.js";
import { config, find, findAll, isTyping } from "./page.js";
import { Panel } from "./panel.js";
import { makePlayer } from "./players.js";
import { conversationOf, Rows, walkByKeys } from "./rows.js";
import { offerTemplates } from "./templates.js";

const thread = find("[data-thread]");
const rows = new Rows(find("[data-list]"));
const lines = new Lines(thread, (line) => findAll("[data-player]", line).forEach(makePlayer));
const panel = new Panel();
const composer = config.mayOperate ? new Composer(lines) : null;
new Acts(thread, lines, composer);
openPicturesLarge(thread);
walkByKeys(rows);
if (composer) offerTemplates(composer);

// Seen means shown while somebody looks; who may only look leaves no trace.
let unread = config.unread > 0;

async function markRead() {
  if (!unread || !config.mayOperate || document.visibilityState !== "visible") return;
  unread = false;
  await call("POST", `conversations/${config.conversation}/read/`).catch(() => {
    unread = true;
  });
}

function hear(change) {
  if (change.type === "instance.updated" && change.object_id === config.instance) panel.refresh();
  const pk = conversationOf(change);
  if (!pk) return;
  if (!change.type.startsWith("media.")) rows.touch([pk]);
  if (pk !== config.conversation) return;
  if (change.type.startsWith("message.")) lines.touch([change.object_id]);
  if (change.type.startsWith("media.") && change.object?.message) lines.touch([change.object.message]);
  if (change.type === "conversation.updated") {
    panel.refresh();
    unread = change.object?.unread_count > 0;
    markRead();
  }
}

new Changes(hear, () => location.reload()).start();
document.addEventListener("visibilitychange", markRead);
requestAnimationFrame(() => setTimeout(markRead, 300));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || isTyping(event.target)) return;
  const back = find("[data-back]");
  if (find(".mc-more-filters[open]") || rows.hasFocus) return;
  if (back.offsetParent) back.click();
  else find("[aria-current=page]", rows.list)?.focus();
});
if (composer && matchMedia("(hover: hover)").matches && !config.chosen) composer.box.focus({ preventScroll: true });

// Whoever drives this page from outside may begin.
find(".mc-panes").dataset.ready = "";
