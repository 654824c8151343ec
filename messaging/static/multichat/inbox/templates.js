// Templates are what may be sent at any time; their words are kept at Meta.
import { find } from "./page.js";

export function offerTemplates(composer) {
  const dialog = find("[data-template-dialog]");
  if (!dialog) return;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-template-open]")) dialog.showModal();
    else if (event.target.closest("[data-dialog-close]")) dialog.close();
  });
  find("[data-template-form]", dialog).addEventListener("submit", (event) => {
    event.preventDefault();
    composer.dispatch([{ template: templateIn(dialog) }]);
    dialog.close();
  });
}

function templateIn(dialog) {
  const value = (name) => find(`[data-template-${name}]`, dialog).value.trim();
  const values = value("values").split("\n").map((line) => line.trim()).filter(Boolean);
  const parameters = values.map((text) => ({ type: "text", text }));
  return {
    name: value("name"),
    language: value("language"),
    components: parameters.length ? [{ type: "body", parameters }] : [],
  };
}
