// Signed tickets, checked with public keys alone: v1.<key id>.<payload>.<signature>.

import { fromBase64Url, toBase64Url, utf8 } from "./encoding.js";

const PAYLOAD_BYTES = 44;
const CONFUSABLE = { I: "1", L: "1", O: "0" };

export const isTyped = (code) => !code.includes(".");

// What a person typed, as the code would be stored.
export function normaliseShortCode(typed) {
  return typed.replace(/[\s-]/g, "").toUpperCase().replace(/[ILO]/g, (letter) => CONFUSABLE[letter]);
}

// `keys` as the server lists them: key_id and public_key.
export async function verify(keys, keyId, signature, message) {
  const known = keys.find((key) => key.key_id === keyId);
  if (!known) return false;
  const raw = fromBase64Url(known.public_key);
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

// Whether this browser can check signatures at all; older ones know no Ed25519.
export async function canVerify(keys) {
  try {
    await verify(keys, keys[0].key_id, new Uint8Array(64), new Uint8Array());
    return true;
  } catch {
    return false;
  }
}

// What a code claims once its signature holds, else null. Only the one spelling of a code is accepted.
export async function readTicket(code, keys) {
  const parts = code.split(".");
  if (parts.length !== 4 || parts[0] !== "v1") return null;
  const [version, keyId, payload, signature] = parts;
  let raw, proof;
  try {
    [raw, proof] = [fromBase64Url(payload), fromBase64Url(signature)];
  } catch {
    return null;
  }
  if (raw.length !== PAYLOAD_BYTES || toBase64Url(raw) !== payload || toBase64Url(proof) !== signature) return null;
  if (!(await verify(keys, keyId, proof, utf8(`${version}.${keyId}.${payload}`)))) return null;
  const view = new DataView(raw.buffer);
  return {
    ticketId: uuid(raw.subarray(0, 16)),
    slotId: uuid(raw.subarray(16, 32)),
    validFrom: view.getUint32(32) * 1000,
    validUntil: view.getUint32(36) * 1000,
    seats: view.getUint16(42),
  };
}

function uuid(bytes) {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
