// A gate without its looks: looking tickets up, letting parties in, and keeping what could not be sent.
// With a line the server decides. Without one the day's package does, and what was let in waits to be sent.

import { NoLine, Refused, SignedOut, get, post } from "./api.js";
import { openBundle } from "./bundle.js";
import { judge } from "./judge.js";
import { canVerify } from "./ticket.js";

const BATCH = 100;
const UNDO_MS = 15 * 60 * 1000;

export class Gate extends EventTarget {
  #refreshing = null;
  #sending = null;

  constructor({ siteId, isDevice, keys, store }) {
    super();
    Object.assign(this, { siteId, isDevice, keys, store });
    this.bundle = null;
    this.isAble = true; // to work without a line: not in a browser that cannot check signatures
    this.skew = 0; // what the server's clock is ahead of this tablet's
    this.line = navigator.onLine ? "unknown" : "off"; // on, off, signed-out
    this.queue = [];
    this.admissions = [];
  }

  get now() {
    return Date.now() + this.skew;
  }

  get waiting() {
    return this.queue.filter((entry) => entry.state === "waiting");
  }

  get isAlone() {
    return this.line === "off" || this.line === "signed-out";
  }

  // Not a device that the server no longer knows: it was revoked.
  get canWorkAlone() {
    const revoked = this.isDevice && this.line === "signed-out";
    return this.bundle !== null && !this.bundle.isOver(this.now) && !revoked;
  }

  // What is kept from before, so that a reload without a line changes nothing.
  async wake() {
    this.isAble = await canVerify(this.keys);
    for (const kept of await this.store.all("bundles")) {
      this.skew = kept.skew;
      this.bundle = await openBundle(kept.data, this.keys);
    }
    await this.store.tidy(this.now);
    await this.#recall();
  }

  // Fetch the package of today, and send what waits.
  refresh() {
    this.#refreshing ??= this.#refreshAll().finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #refreshAll() {
    if (this.isAble) await this.#fetchPackage();
    await this.send();
  }

  async #fetchPackage() {
    const began = Date.now();
    const told = this.admissions.filter(({ nonce }) => !this.waiting.some((entry) => entry.nonce === nonce));
    await this.#try(async () => {
      const data = await get("/bundle", { site_id: this.siteId });
      const bundle = await openBundle(data, this.keys);
      if (bundle === null) return this.#tell("untrusted");
      this.skew = bundle.generatedAt - (began + Date.now()) / 2;
      this.bundle = bundle;
      await this.store.keepBundle({ date: bundle.date, data, skew: this.skew });
      // The package knows of these: the server had heard of them before it was made.
      for (const { nonce } of told) await this.store.remove("admissions", nonce);
      await this.#recall();
    });
  }

  // What a ticket is worth, without any effect. `source` says who judged: the server, or this gate itself.
  async lookUp(code) {
    // Nobody at a door waits for a line that is known to be gone; whether it is back is asked beside.
    if (this.isAlone && this.canWorkAlone) return { ...(await this.#judge(code)), source: "gate" };
    try {
      const answer = await this.#online(() => post("/lookups", { site_id: this.siteId, code }));
      return { ...answer, code, source: "server" };
    } catch (error) {
      if (error instanceof Refused || !this.canWorkAlone) throw error;
      return { ...(await this.#judge(code)), source: "gate" };
    }
  }

  async #judge(code) {
    const came = (ticketId) => this.admissions
      .filter((admission) => admission.ticketId === ticketId)
      .reduce((sum, admission) => sum + admission.seats, 0);
    const judged = { code, ...(await judge(this.bundle, code, { now: this.now, came })) };
    const first = this.admissions.find((admission) => admission.ticketId === judged.ticketId);
    const here = first && { at: new Date(first.at).toISOString(), gate: "本机" };
    return { ...judged, first_scan: judged.first_scan ?? here ?? null };
  }

  // Let so many of a party in. Without a line it is noted, and counts from now.
  async admit(looked, seats) {
    const scan = { code: looked.code, nonce: crypto.randomUUID(), seats };
    const at = this.now;
    try {
      if (this.isAlone && this.canWorkAlone) throw new NoLine();
      const answer = await this.#online(() => post("/scans", { ...scan, site_id: this.siteId }));
      if (answer.result === "ok") await this.#note(scan, at);
      return { ...answer, source: "server" };
    } catch (error) {
      if (error instanceof Refused || !this.canWorkAlone) throw error;
      return this.#admitAlone(looked, scan, at);
    }
  }

  async #admitAlone(looked, scan, at) {
    // The line may have gone between look and admission: then the package decides again.
    const judged = looked.source === "gate" ? looked : await this.#judge(looked.code);
    if (judged.result !== "ok" || judged.remaining < scan.seats) return { ...judged, source: "gate" };
    const entry = {
      ...scan, at, state: "waiting", // as it was sent, should the server have heard of it after all
      number: judged.booking.number, ticketId: judged.ticketId,
    };
    await this.store.put("queue", entry);
    await this.#note(entry, at, judged.ticketId);
    await this.#recall();
    return {
      result: "queued", source: "gate", nonce: scan.nonce, booking: judged.booking,
      admitted_now: scan.seats, admitted: judged.admitted + scan.seats, remaining: judged.remaining - scan.seats,
    };
  }

  async #note(scan, at, ticketId = null) {
    const known = ticketId ?? (await this.bundle?.find(scan.code))?.ticket.ticketId;
    if (known) await this.store.put("admissions", { nonce: scan.nonce, ticketId: known, seats: scan.seats, at });
    this.admissions = await this.store.all("admissions");
  }

  undo(scanId, reason) {
    return this.#online(() => post(`/scans/${scanId}/undo`, { reason }));
  }

  // What was not sent yet is undone by forgetting it.
  async forget(nonce) {
    await this.store.remove("queue", nonce);
    await this.store.remove("admissions", nonce);
    await this.#recall();
  }

  async dismiss(nonce) {
    await this.store.remove("queue", nonce);
    await this.#recall();
  }

  static canUndo(at, now) {
    return now - at < UNDO_MS;
  }

  // Send what waits, oldest first. One at a time: the same scan twice is harmless, but pointless.
  send() {
    this.#sending ??= this.#sendAll().finally(() => { this.#sending = null; });
    return this.#sending;
  }

  async #sendAll() {
    while (this.waiting.length > 0) {
      const entries = this.waiting.sort((one, other) => one.at - other.at).slice(0, BATCH);
      const sent = await this.#try(() => this.#sendBatch(entries));
      if (!sent) return;
    }
  }

  async #sendBatch(entries) {
    const scans = entries.map(({ code, nonce, seats, at }) => ({
      code, nonce, seats, scanned_at: new Date(at).toISOString(), offline: true,
    }));
    const { items } = await post("/scans/batch", { site_id: this.siteId, scans });
    const settled = items.map((item, index) => {
      const clashed = item.error || item.conflict_id || item.result !== "ok";
      return { ...entries[index], state: clashed ? "conflict" : "confirmed", answer: item };
    });
    for (const entry of settled) await this.store.put("queue", withoutPeople(entry));
    await this.#recall();
    this.#tell("sent", settled);
    return true;
  }

  async ask(path, query = {}) {
    return this.#online(() => get(path, { site_id: this.siteId, ...query }));
  }

  async tellServer(path, body) {
    return this.#online(() => post(path, { ...body, site_id: this.siteId, nonce: crypto.randomUUID() }));
  }

  async #online(call) {
    try {
      const answer = await call();
      this.#setLine("on");
      return answer;
    } catch (error) {
      if (error instanceof NoLine) this.#setLine("off");
      else if (error instanceof SignedOut) this.#setLine("signed-out");
      else this.#setLine("on");
      throw error;
    }
  }

  // The same where nobody waits for the answer: what fails shows by the state of the line.
  async #try(call) {
    try {
      return (await this.#online(call)) ?? true;
    } catch (error) {
      if (error instanceof Refused) this.#tell("refused", error);
      return null;
    }
  }

  #setLine(line) {
    if (line === this.line) return;
    this.line = line;
    this.#tell("line");
  }

  async #recall() {
    this.queue = await this.store.all("queue");
    this.admissions = await this.store.all("admissions");
    this.#tell("queue");
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// What was sent is only shown from now on: neither the ticket nor who came by it stays on the tablet.
function withoutPeople({ code, answer: { booking, ...answer }, ...entry }) {
  return { ...entry, answer };
}
