// What the editor asks of its own pages. What fails is one of four: no line, signed out, in conflict, or refused.

const PATIENCE_MS = 15000;
const EXPIRED = "console.page_expired";

export class NoLine extends Error {}

export class SignedOut extends Error {}

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.errors?.[0]?.message ?? answer.detail ?? "系统没有接受这次操作，请稍后再试。");
    this.status = status;
    this.code = answer.code;
    this.answer = answer;
  }
}

let token = "";
let renewal = "";

export function useToken(value, address) {
  token = value;
  renewal = address;
}

// Somebody may have signed in again meanwhile: the page goes on with a token of the new session.
async function renew() {
  token = (await call(renewal, { method: "GET" })).token;
}

const heads = () => ({ "X-Console": "1", "X-CSRFToken": token });

export const get = (path, query = {}) => call(`${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams(query)}`, { method: "GET" });

export const post = (path, body, { lasting = false } = {}) =>
  call(path, { method: "POST", body: JSON.stringify(body), type: "application/json", lasting });

async function call(path, { method, body, type, lasting = false, isAgain = false }) {
  let response;
  try {
    response = await fetch(path, {
      method,
      body,
      credentials: "same-origin",
      cache: "no-store",
      keepalive: lasting,
      headers: { ...heads(), ...(type && { "Content-Type": type }) },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new NoLine();
  }
  const answer = await response.json().catch(() => ({}));
  if (answer.code === EXPIRED && !isAgain) {
    await renew();
    return call(path, { method, body, type, lasting, isAgain: true });
  }
  return judged(response.status, answer);
}

function judged(status, answer) {
  if (status === 401 || answer.code === EXPIRED) throw new SignedOut();
  if (status >= 500 || status === 0) throw new NoLine();
  if (status >= 400) throw new Refused(status, answer);
  return answer;
}

function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

export const postForm = (path, fields) => call(path, { method: "POST", body: formOf(fields) });

// Only this way of sending tells how far it has come.
export function upload(path, fields, onProgress) {
  const form = formOf(fields);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(heads())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new NoLine()));
    request.addEventListener("load", () => {
      try {
        resolve(judged(request.status, request.response ?? {}));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}
