// Voice notes from the microphone.
import { oggOf } from "./ogg.js";
import { clock, find, say } from "./page.js";

// WhatsApp's voice notes are Opus in Ogg. Opus in WebM is put into Ogg here; Safari's MP4 is made Opus by the server.
const WISHED = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

export class Recorder {
  constructor(onVoice, note) {
    Object.assign(this, { onVoice, note });
    this.frame = find("[data-recording]");
    this.start = find("[data-record]");
    this.start.addEventListener("click", () => this.begin());
    find("[data-record-discard]").addEventListener("click", () => this.end(false));
  }

  get isOn() {
    return Boolean(this.recorder);
  }

  async begin() {
    this.note("");
    const type = globalThis.MediaRecorder && navigator.mediaDevices && WISHED.find((one) => MediaRecorder.isTypeSupported(one));
    if (!type) return this.note(say("noRecorder"));
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return this.note(say("noMicrophone", error.message));
    }
    this.record(type);
  }

  record(type) {
    const parts = [];
    this.recorder = new MediaRecorder(this.stream, { mimeType: type, audioBitsPerSecond: 32000 });
    this.recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    this.recorder.addEventListener("stop", () => this.finish(new Blob(parts, { type })));
    this.recorder.start();
    this.began = performance.now();
    this.timer = setInterval(() => this.showTime(), 250);
    this.showTime();
    this.switch(true);
    find("[data-record-discard]").focus();
  }

  showTime() {
    find("[data-recording-time]").textContent = clock((performance.now() - this.began) / 1000);
  }

  switch(on) {
    this.frame.hidden = !on;
    this.start.hidden = on;
    find("[data-text-box]").hidden = on;
    find("[data-composer]").classList.toggle("mc-is-recording", on);
  }

  end(isWanted) {
    this.isWanted = isWanted;
    this.recorder?.stop();
  }

  async finish(blob) {
    clearInterval(this.timer);
    this.stream.getTracks().forEach((track) => track.stop());
    this.recorder = null;
    this.switch(false);
    find("[data-text-box]").focus();
    if (!this.isWanted || !blob.size) return;
    const isWebm = blob.type.includes("webm");
    const file = isWebm ? new Blob([oggOf(new Uint8Array(await blob.arrayBuffer()))], { type: "audio/ogg" }) : blob;
    const ending = isWebm || blob.type.includes("ogg") ? "ogg" : "m4a";
    const bare = file.type.split(";")[0];
    this.onVoice({ file: new Blob([file], { type: bare }), name: `voice.${ending}`, type: "voice" });
  }
}
