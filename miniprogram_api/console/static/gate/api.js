// The staff API as a gate calls it. What fails is one of three: no line, signed out, or refused with a reason.

const BASE = "/api/staff/v1/gate";
const PATIENCE_MS = 6000;

export class NoLine extends Error {}

export class SignedOut extends Error {}

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "系统没有接受这次操作，请稍后再试。");
    this.status = status;
    this.code = problem.code;
    this.params = problem.params ?? {};
  }
}

export const get = (path, query) => call("GET", `${path}?${new URLSearchParams(query)}`);

export const post = (path, body) => call("POST", path, body);

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: { "X-Console": "1", ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new NoLine();
  }
  if (response.status === 401) throw new SignedOut();
  if (response.status >= 500) throw new NoLine();
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}
