// The page of the inbox alone.
import { Changes } from "./changes.js";
import { find } from "./page.js";
import { conversationOf, Rows, walkByKeys } from "./rows.js";

const rows = new Rows(find("[data-list]"));
walkByKeys(rows);
new Changes(
  (change) => {
    const pk = conversationOf(change);
    if (pk && !change.type.startsWith("media.")) rows.touch([pk]);
  },
  () => rows.reload(),
).start();
