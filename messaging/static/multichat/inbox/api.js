// The REST API under the session, and pieces of pages from our own templates.
import { config, find, say } from "./page.js";

export class Refused extends Error {
  constructor(problem, status) {
    const told = (problem.errors || []).map((one) => one.message).filter(Boolean);
    super(told.join(" ") || problem.detail || say("failed"));
    this.code = problem.code || "";
    this.status = status;
    this.problem = problem;
  }
}

export class Offline extends Error {
  constructor() {
    super(say("offline"));
  }
}

const token = () => find("[name=csrfmiddlewaretoken]")?.value ?? "";

export async function call(method, path, body, headers = {}) {
  const isForm = body instanceof FormData;
  const options = {
    method,
    credentials: "same-origin",
    headers: { Accept: "application/json", "X-CSRFToken": token(), ...headers },
    body: body === undefined || isForm ? body : JSON.stringify(body),
  };
  if (body !== undefined && !isForm) options.headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(config.api + path, options);
  } catch {
    throw new Offline();
  }
  return answer(response.status, await response.text());
}

// Only XMLHttpRequest tells how far an upload is.
export function upload(path, form, headers, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", config.api + path);
    for (const [name, value] of Object.entries({ Accept: "application/json", "X-CSRFToken": token(), ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(Math.round((event.loaded / event.total) * 100));
    });
    request.addEventListener("error", () => reject(new Offline()));
    request.addEventListener("load", () => {
      try {
        resolve(answer(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}

function answer(status, text) {
  let told = null;
  try {
    told = text ? JSON.parse(text) : null;
  } catch {
    told = {};
  }
  if (status >= 502 && status <= 504 && !told?.code) throw new Offline();
  if (status >= 400) throw new Refused(told || {}, status);
  return told;
}

// A piece of a page. Its markup is ours, and what is foreign in it is escaped there.
export async function piece(address) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } });
  } catch {
    throw new Offline();
  }
  if (response.redirected) {
    // To the login page, and back here afterwards.
    location.reload();
    throw new Refused({ detail: say("loggedOut") }, 401);
  }
  if (!response.ok) throw new Refused({}, response.status);
  // Of this document: what plays would stop where it is moved into another one.
  return document.adoptNode(new DOMParser().parseFromString(await response.text(), "text/html").body);
}
