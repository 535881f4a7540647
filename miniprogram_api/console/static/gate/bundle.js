// The day's package: believed only if it is signed, and opened record by record with codes that are shown.

import { canonical, fromBase64Url, toBase64Url, utf8 } from "./encoding.js";
import { isTyped, normaliseShortCode, readTicket, verify } from "./ticket.js";

const TAG_BYTES = 16;
const LOCK_BITS = 48 * 8;
const NONCE_BYTES = 12;
const LOCK_INFO = utf8("miniprogram_api/v1/lock");

// `pinned` are the keys that came with the page itself. Null for what is not signed by one of them.
export async function openBundle(data, pinned) {
  const { signature, ...signed } = data;
  const genuine = await verify(
    pinned, signature.key_id, fromBase64Url(signature.value), utf8(canonical(signed)),
  ).catch(() => false);
  return genuine ? new Bundle(signed) : null;
}

class Bundle {
  constructor(data) {
    this.siteId = data.site_id;
    this.date = data.date;
    this.generatedAt = Date.parse(data.generated_at);
    this.validUntil = Date.parse(data.valid_until);
    this.slots = data.slots;
    this.keys = data.keys;
    this.revoked = new Set(data.revoked);
    this.roster = data.roster;
    this.salt = fromBase64Url(data.locks.salt);
    this.rounds = data.locks.rounds;
  }

  isOver(now) {
    return now >= this.validUntil;
  }

  hasSlot(slotId) {
    return this.slots.some((slot) => slot.slot_id === slotId);
  }

  // The ticket that a code is, and its party's record where the package has one; null for no ticket of ours.
  async find(code) {
    const record = await this.#open(isTyped(code) ? normaliseShortCode(code) : code);
    const signed = isTyped(code) ? record?.code : code;
    const ticket = signed ? await readTicket(signed, this.keys) : null;
    return ticket && { code: signed, ticket, record };
  }

  async #open(code) {
    const lock = new Uint8Array(await this.#derive(code));
    const sealed = this.roster[toBase64Url(lock.subarray(0, TAG_BYTES))];
    if (!sealed) return null;
    const raw = fromBase64Url(sealed);
    const key = await crypto.subtle.importKey("raw", lock.subarray(TAG_BYTES), "AES-GCM", false, ["decrypt"]);
    const nonce = raw.subarray(0, NONCE_BYTES);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, raw.subarray(NONCE_BYTES));
    return JSON.parse(new TextDecoder().decode(plain));
  }

  async #derive(code) {
    const [name, how] = isTyped(code)
      ? ["PBKDF2", { iterations: this.rounds }]
      : ["HKDF", { info: LOCK_INFO }];
    const secret = await crypto.subtle.importKey("raw", utf8(code), name, false, ["deriveBits"]);
    return crypto.subtle.deriveBits({ name, hash: "SHA-256", salt: this.salt, ...how }, secret, LOCK_BITS);
  }
}
