// Files that wait to be sent: chosen, dropped or pasted, with a preview and a caption each.
import { config, copyOf, find, say, toast } from "./page.js";

const CAPTIONED = ["image", "video", "document"];

export class Tray {
  constructor(onChange) {
    this.place = find("[data-tray]");
    this.input = find("[data-files]");
    this.drop = find("[data-drop]");
    this.items = [];
    this.onChange = onChange;
    find("[data-attach]").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
    this.takeDropped(find("[data-conversation]"));
    find("[data-text-box]").addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
  }

  takeDropped(area) {
    const brings = (event) => event.dataTransfer?.types.includes("Files");
    area.addEventListener("dragover", (event) => {
      if (!brings(event)) return;
      event.preventDefault();
      this.drop.hidden = false;
    });
    area.addEventListener("dragleave", (event) => {
      if (!area.contains(event.relatedTarget)) this.drop.hidden = true;
    });
    area.addEventListener("drop", (event) => {
      if (!brings(event)) return;
      event.preventDefault();
      this.drop.hidden = true;
      this.add(event.dataTransfer.files);
    });
  }

  add(files) {
    for (const file of files) {
      const fault = faultOf(file);
      if (fault) toast(fault, "bad");
      else this.show(file);
    }
    this.changed();
  }

  show(file) {
    const shown = copyOf("[data-tray-item]");
    const item = { file, shown, address: "", caption: find("[data-tray-caption]", shown) };
    find("[data-tray-name]", shown).textContent = file.name;
    find("[data-tray-size]", shown).textContent = sizeOf(file.size);
    item.caption.hidden = !CAPTIONED.includes(kindOf(file));
    const remove = find("[data-tray-remove]", shown);
    remove.setAttribute("aria-label", say("removeFile", file.name));
    remove.addEventListener("click", () => this.remove(item));
    if (kindOf(file) === "image") this.preview(item);
    this.items.push(item);
    this.place.append(shown);
  }

  preview(item) {
    item.address = URL.createObjectURL(item.file);
    const picture = document.createElement("img");
    picture.alt = "";
    picture.src = item.address;
    find("[data-tray-picture]", item.shown).replaceChildren(picture);
  }

  remove(item) {
    this.items = this.items.filter((one) => one !== item);
    item.shown.remove();
    if (item.address) URL.revokeObjectURL(item.address);
    this.changed();
  }

  changed() {
    this.place.hidden = !this.items.length;
    this.onChange();
  }

  // All of them as wishes; the tray is empty then.
  take() {
    const wishes = this.items.map(({ file, caption }) => ({
      file, name: file.name || "file", text: caption.hidden ? "" : caption.value.trim(), takesText: !caption.hidden,
    }));
    [...this.items].forEach((item) => this.remove(item));
    return wishes;
  }
}

function kindOf(file) {
  const kind = file.type.split("/")[0];
  if (file.type === "image/jpeg" || file.type === "image/png") return "image";
  if (file.type === "video/mp4" || file.type === "video/3gpp") return "video";
  return kind === "audio" && !file.type.includes("webm") ? "audio" : "document";
}

function faultOf(file) {
  if (!file.size) return say("emptyFile", file.name);
  const most = Math.max(config.sizes[kindOf(file)] ?? 0, 0);
  return most && file.size > most ? say("tooLarge", file.name) : "";
}

function sizeOf(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const at = Math.min(units.length - 1, Math.floor(Math.log(bytes || 1) / Math.log(1024)));
  const options = { style: "unit", unit: units[at], unitDisplay: "short", maximumFractionDigits: at > 1 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(bytes / 1024 ** at);
}
