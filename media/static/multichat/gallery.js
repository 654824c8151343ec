// The gallery's pictures, large, one after another; menus close when one clicks beside them.
const frame = document.querySelector("[data-large-frame]");
const links = [...document.querySelectorAll("[data-large]")];
const picture = frame?.querySelector("[data-large-picture]");
let at = 0;

function show(place) {
  at = (place + links.length) % links.length;
  const link = links[at];
  const name = frame.querySelector("[data-large-name]");
  picture.src = link.href;
  picture.alt = link.querySelector("img")?.alt ?? "";
  name.href = link.dataset.page;
  name.textContent = picture.alt;
  if (!frame.open) frame.showModal();
}

function close() {
  frame.close();
  picture.removeAttribute("src");
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".mc-narrow-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const link = event.target.closest("[data-large]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(links.indexOf(link));
});

frame?.addEventListener("click", (event) => {
  const step = event.target.closest("[data-large-step]");
  if (step) show(at + Number(step.dataset.largeStep));
  else if (event.target === frame || event.target.closest("[data-large-close]")) close();
});
frame?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(at - 1);
  else if (event.key === "ArrowRight") show(at + 1);
});
frame?.addEventListener("close", () => links[at]?.focus());
