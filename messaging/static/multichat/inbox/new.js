// A new conversation: templates are offered where the line has them, and the keyboard goes where something is missing.
const find = (selector) => document.querySelector(selector);
const form = find("[data-new]");

function offer() {
  const chosen = form.elements.line.selectedOptions[0];
  find("[data-template]").hidden = chosen?.dataset.templates !== "1";
}

if (form) {
  const fields = [...form.elements].filter((field) => field.type !== "hidden" && field.offsetParent);
  form.elements.line.addEventListener("change", offer);
  offer();
  const wrong = form.querySelector(".mc-wrong input, .mc-wrong select, .mc-wrong textarea");
  (wrong ?? fields.find((field) => !field.value))?.focus();
  form.addEventListener("submit", () => {
    // What is hidden is not meant.
    for (const field of find("[data-template]").querySelectorAll("input, textarea")) {
      field.disabled = find("[data-template]").hidden;
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === "Escape" && !event.isComposing) find("[data-cancel]").click();
  });
}
