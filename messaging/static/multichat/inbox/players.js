// Voice notes: a button, the waveform to move in, the time, the speed.
import { button, clock, find, icon, say, toast } from "./page.js";

const SPEEDS = [1, 1.5, 2];
const KEPT = "multichat-speed";
let playing = null;

export function makePlayer(frame) {
  const audio = find("audio", frame);
  const wave = find("svg.mc-wave", frame);
  const time = find("[data-time]", frame);
  if (!audio || frame.dataset.made) return;
  frame.dataset.made = "1";
  audio.controls = false;
  const play = button(say("play"), "play", () => toggle(audio));
  play.classList.add("mc-play");
  const track = trackOf(wave);
  const speed = speedOf(audio);
  frame.prepend(play, track.frame);
  frame.append(speed);
  const length = () => (Number.isFinite(audio.duration) && audio.duration) || Number(frame.dataset.seconds) || 0;

  function draw() {
    const total = length();
    const part = total ? Math.min(1, audio.currentTime / total) : 0;
    track.range.value = String(Math.round(part * 1000));
    track.range.setAttribute("aria-valuetext", `${clock(audio.currentTime)} / ${clock(total)}`);
    track.front.style.clipPath = `inset(0 ${100 - part * 100}% 0 0)`;
    time.textContent = clock(audio.currentTime && !audio.ended ? audio.currentTime : total);
  }
  track.range.addEventListener("input", () => {
    const total = length();
    if (total) audio.currentTime = (Number(track.range.value) / 1000) * total;
    draw();
  });
  audio.addEventListener("play", () => {
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    audio.playbackRate = kept();
    speed.textContent = written(audio.playbackRate);
    press(play, "pause");
  });
  audio.addEventListener("pause", () => press(play, "play"));
  for (const event of ["timeupdate", "loadedmetadata", "ended"]) audio.addEventListener(event, draw);
  // Each source reports its own failure, which does not bubble; after the last one there is nothing left to try.
  audio.addEventListener("error", (event) => {
    if (event.target === audio || event.target === audio.lastElementChild) refuse(frame, play);
  }, true);
  draw();
}

function toggle(audio) {
  if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
}

function press(play, word) {
  play.replaceChildren(icon(word));
  play.setAttribute("aria-label", say(word));
  play.title = say(word);
}

// The waveform twice: as it is, and over it, as far as one has heard.
function trackOf(wave) {
  const frame = document.createElement("span");
  frame.className = "mc-track";
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: "0", max: "1000", value: "0" });
  range.setAttribute("aria-label", say("position"));
  let front;
  if (wave && wave.childElementCount) {
    wave.removeAttribute("hidden");
    front = wave.cloneNode(true);
    frame.append(wave);
  } else {
    wave?.remove();
    frame.classList.add("mc-flat");
    front = document.createElement("span");
  }
  front.classList.add("mc-front");
  frame.append(front, range);
  return { frame, range, front };
}

const kept = () => Number(localStorage.getItem(KEPT)) || 1;
const written = (speed) => `${new Intl.NumberFormat(document.documentElement.lang).format(speed)}×`;

function speedOf(audio) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "mc-speed";
  made.setAttribute("aria-label", say("speed"));
  made.title = say("speed");
  made.textContent = written(kept());
  made.addEventListener("click", () => {
    const next = SPEEDS[(SPEEDS.indexOf(kept()) + 1) % SPEEDS.length];
    localStorage.setItem(KEPT, String(next));
    audio.playbackRate = next;
    made.textContent = written(next);
  });
  return made;
}

function refuse(frame, play) {
  if (frame.dataset.refused) return;
  frame.dataset.refused = "1";
  play.disabled = true;
  const save = find("[data-save]", frame);
  if (save) save.hidden = false;
  toast(say("cannotPlay"), "warn");
}
