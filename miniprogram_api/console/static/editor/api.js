// What the editor asks of its own pages. What fails is one of four: no line, signed out, in conflict, or refused.

const PATIENCE_MS = 15000;

export class NoLine extends Error {}

export class SignedOut extends Error {}

export class Refused extends Error {
  constructor(status, answer) {
    super(answer.text ?? "系统没有接受这次操作，请稍后再试。");
    this.status = status;
    this.code = answer.code;
    this.answer = answer;
  }
}

let token = "";

export function useToken(value) {
  token = value;
}

const heads = () => ({ "X-Console": "1", "X-CSRFToken": token });

export const get = (path, query = {}) => call(`${path}?${new URLSearchParams(query)}`, { method: "GET" });

export const post = (path, body, { lasting = false } = {}) =>
  call(path, { method: "POST", body: JSON.stringify(body), type: "application/json", lasting });

async function call(path, { method, body, type, lasting = false }) {
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
  return judged(response.status, await response.json().catch(() => ({})));
}

function judged(status, answer) {
  if (status === 401 || answer.code === "auth.page_expired") throw new SignedOut();
  if (status >= 500 || status === 0) throw new NoLine();
  if (status >= 400) throw new Refused(status, answer);
  return answer;
}

// Only this way of sending tells how far it has come.
export function upload(path, fields, onProgress) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
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
