"use strict";
// The pairing panel: codes are renewed until the line is connected, for as long as somebody may be looking.
(() => {
  const panel = document.querySelector("[data-pairing]");
  if (!panel) return;
  const words = panel.dataset;
  const find = (name) => panel.querySelector(`[data-pairing-${name}]`);
  const state = find("state"), picture = find("picture"), shownCode = find("code");
  const QR_SECONDS = 12, CODE_SECONDS = 60, CHECK_SECONDS = 6, REST_AFTER_SECONDS = 600;
  let round = 0; // Whoever starts anew makes what is still under way void.
  let until = 0;

  function say(text, tone) {
    if (state.textContent !== text) state.textContent = text;
    state.dataset.tone = tone;
  }

  async function ask(address, body) {
    const key = document.querySelector("[name=csrfmiddlewaretoken]");
    const options = { credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": key ? key.value : "" } };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    const response = await fetch(address, options);
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    const expired = response.status === 401 || response.status === 403;
    const problem = new Error(expired ? words.expired : (answer.errors?.[0]?.message || answer.detail || words.offline));
    problem.wait = response.status === 503 ? Number(response.headers.get("Retry-After")) || 5 : 0;
    problem.final = response.status < 500 && response.status !== 429;
    throw problem;
  }

  const later = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  // One try after the other; ends when `turn` says so, when another round begins, or when nobody came for long.
  async function go(turn) {
    const mine = ++round;
    until = Date.now() + REST_AFTER_SECONDS * 1000;
    say(words.asking, "wait");
    while (mine === round) {
      let pause = await attempt(turn, () => mine === round);
      if (mine !== round || pause === null) return;
      if (Date.now() > until) { forget(); say(words.rests, "calm"); return; }
      await later(pause);
      while (document.hidden && mine === round) await later(1);
    }
  }

  async function attempt(turn, current) {
    try {
      return await turn(current);
    } catch (problem) {
      if (!current()) return null;
      forget();
      const text = problem instanceof TypeError ? words.offline : problem.message;
      say(problem.final ? text : `${text} ${words.again}`, "bad");
      return problem.final ? null : Math.max(problem.wait || 0, 5);
    }
  }

  function forget() {
    picture.hidden = true;
    picture.removeAttribute("src");
    shownCode.textContent = "";
  }

  // The check writes down what the panel has seen.
  async function connected(current) {
    forget();
    say(words.connected, "good");
    await ask(words.check, {}).catch(() => null);
    if (current()) round += 1;
    return null;
  }

  const byPicture = async (current) => {
    const answer = await ask(words.qr);
    if (!current()) return null;
    if (answer.connected) return connected(current);
    shownCode.textContent = "";
    picture.src = answer.png;
    picture.hidden = false;
    say(words.scan, "wait");
    return QR_SECONDS;
  };

  const byCode = (phone) => {
    let fresh = 0;
    return async (current) => {
      if (fresh) {
        const line = await ask(words.check, {});
        if (!current()) return null;
        if (line.connected) return connected(current);
      }
      if (Date.now() > fresh) {
        const answer = await ask(words.code, { phone });
        if (!current()) return null;
        picture.hidden = true;
        shownCode.textContent = answer.code;
        fresh = Date.now() + CODE_SECONDS * 1000;
        say(words.type, "wait");
      }
      return CHECK_SECONDS;
    };
  };

  find("start").addEventListener("click", () => go(byPicture));
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    go(byCode(new FormData(event.target).get("phone").trim()));
  });
  if (location.hash === "#pair" && state.dataset.tone !== "good") go(byPicture);
})();
