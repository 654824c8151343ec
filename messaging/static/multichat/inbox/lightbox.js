// Pictures of the thread, large, one after the other.
import { find, findAll } from "./page.js";

export function openPicturesLarge(thread) {
  const box = find("[data-lightbox]");
  const picture = find("[data-lightbox-picture]", box);
  let at = 0;

  const links = () => findAll("a[data-picture]", thread);

  function show(place) {
    const all = links();
    at = Math.min(all.length - 1, Math.max(0, place));
    const link = all[at];
    const small = find("img", link);
    picture.src = link.dataset.picture;
    picture.alt = small.alt;
    find("[data-lightbox-caption]", box).textContent = find(".mc-text", link.closest("li"))?.textContent ?? "";
    const save = find("[data-lightbox-save]", box);
    save.href = `${new URL(link.getAttribute("href"), location.href).pathname}?download=1`;
    for (const step of findAll("[data-lightbox-step]", box)) {
      const to = at + Number(step.dataset.lightboxStep);
      step.disabled = to < 0 || to >= all.length;
    }
  }

  thread.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(links().indexOf(link));
    box.showModal();
  });
  box.addEventListener("click", (event) => {
    const step = event.target.closest("[data-lightbox-step]");
    if (step) show(at + Number(step.dataset.lightboxStep));
    else if (event.target === box || event.target.closest("[data-lightbox-close]")) box.close();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    else if (event.key === "ArrowRight") show(at + 1);
  });
  box.addEventListener("close", () => {
    picture.removeAttribute("src");
    links()[at]?.focus();
  });
}
