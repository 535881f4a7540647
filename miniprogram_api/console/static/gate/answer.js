// The big field that says what a ticket is worth: by colour, by picture, in words, aloud and by a tone.

import { byId, icon, make, show, stepper } from "./dom.js";
import { play } from "./sound.js";
import { RESULTS, clockTime, needsWords, partyWords, span, whoWords } from "./words.js";

const REASONS = ["扫错了人", "人数不对", "游客临时离开"];
const field = byId("answer");

export function showIdle() {
  field.className = "answer tone-idle";
  show(field, icon("qr-code-scan"), make("p", { class: "answer-title" }, "请扫码或输入票码"),
    make("p", {}, "扫码枪、摄像头、键盘都可以；先看清人数，再确认入场。"));
}

export function showBusy(text) {
  field.className = "answer tone-idle";
  show(field, icon("hourglass-split"), make("p", { class: "answer-title" }, text));
}

export function showFailure(title, text) {
  paint("danger", "exclamation-triangle", title, make("p", { class: "answer-advice" }, text));
  announce(`${title}。${text}`);
  play("bad");
}

// A ticket that may come in: who and how many, to be confirmed.
export function showParty(looked, { onConfirm, onCancel }) {
  const { booking, remaining } = looked;
  const heads = stepper({ id: "heads", label: "现在入场人数", value: remaining, least: 1, most: remaining });
  const confirm = make("button", { type: "submit", id: "confirm", class: "btn btn-primary btn-huge" });
  const input = heads.querySelector("input");
  const name = () => confirm.replaceChildren(icon("check-lg"), `确认入场 ${input.value} 人`);
  input.addEventListener("input", name);
  name();
  const form = make("form", {
    class: "answer-form", novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      onConfirm(Math.min(remaining, Math.max(1, Math.trunc(Number(input.value)) || remaining)));
    },
  }, remaining > 1 ? heads : make("div", { hidden: true }, heads), make("div", { class: "button-row" }, confirm,
    make("button", { type: "button", id: "cancel", class: "btn btn-outline-primary", onclick: onCancel }, "先不放行")));
  paint("good", RESULTS.ok.icon, RESULTS.ok.title, count(looked), facts(looked), source(looked), form);
  announce(`可以入场。${partyWords(booking)}，还可入场 ${remaining} 人。按回车确认。`);
  play(RESULTS.ok.sound);
  confirm.focus();
}

// A ticket that may not, or a party that is in.
export function showResult(result, answer, { now, onUndo = null }) {
  const words = RESULTS[result];
  const { booking } = answer;
  const title = result === "admitted" || result === "queued"
    ? `${words.title} ${answer.admitted_now} 人` : words.title;
  const parts = [];
  if (booking && result !== "undone") parts.push(count(answer));
  if (answer.first_scan && result === "already_used") parts.push(make("p", { class: "answer-first" }, firstWords(answer, now)));
  if (words.advice) parts.push(make("p", { class: "answer-advice" }, words.advice));
  if (booking) parts.push(facts(answer));
  parts.push(source(answer));
  if (onUndo) parts.push((result === "queued" ? takeBackButton : undoButton)("answer", onUndo));
  paint(words.tone, words.icon, title, ...parts.filter(Boolean));
  announce([title, answer.first_scan && result === "already_used" ? firstWords(answer, now) : words.advice,
    booking && result === "admitted" && answer.remaining > 0 ? `还有 ${answer.remaining} 人未到` : ""].filter(Boolean).join("。"));
  play(words.sound);
}

const firstWords = ({ first_scan: first }, now) => `${first.gate} 于 ${clockTime(first.at, now)} 已放行`;

function paint(tone, picture, title, ...parts) {
  field.className = `answer tone-${tone}`;
  show(field, icon(picture), make("p", { class: "answer-title" }, title), ...parts.filter(Boolean));
  field.scrollIntoView({ block: "nearest" });
}

function count({ admitted, booking, remaining }) {
  let text = admitted ? `已入场 ${admitted} / ${booking.seats} 人，还可入场 ${remaining} 人` : partyWords(booking);
  if (remaining === 0) text = `预约的 ${booking.seats} 人已全部入场`;
  return make("p", { class: "answer-count" }, text);
}

function facts({ booking, admitted }) {
  const withParty = admitted > 0; // else the party is said in large already
  const rows = [
    ["预约人", whoWords(booking)], ["同行", withParty && partyWords(booking)], ["场次", booking.slot && span(booking.slot)],
    ["需要", needsWords(booking)], ["预约号", booking.number],
  ].filter(([, value]) => value);
  return make("dl", { class: "answer-facts" }, rows.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function source({ source: by, booking }) {
  if (by !== "gate") return null;
  const young = booking && booking.number === null;
  return make("p", { class: "answer-source" }, icon("wifi-off"), young
    ? "断网核验：名单下载后才有的预约，票面签名有效。" : "断网核验：按本机今天的名单判断。");
}

// What was let in without a network turned out to be too many.
export function showClash(entry, text) {
  paint("danger", "exclamation-triangle", "上传后有冲突", make("p", { class: "answer-first" }, text),
    make("p", { class: "answer-advice" }, "游客不用离场。值班人员会在“核销冲突”里核对。"));
}

export function announce(text) {
  const told = byId("told");
  told.textContent = "";
  // The same words again are news again.
  requestAnimationFrame(() => { told.textContent = text; });
}

// What was not sent yet is taken back at once: nobody has heard of it.
export const takeBackButton = (place, onTakeBack) => make("div", { class: "undo" },
  make("button", { type: "button", id: `${place}-undo`, class: "btn btn-outline-danger", onclick: onTakeBack },
    icon("arrow-counterclockwise"), "撤销"));

// Undoing asks why; the button opens the question in its place.
export function undoButton(place, onUndo) {
  const holder = make("div", { class: "undo" });
  const ask = () => {
    const form = make("form", {
      class: "undo-form", "aria-label": "撤销入场",
      onsubmit: (event) => {
        event.preventDefault();
        const data = new FormData(form);
        const reason = (data.get("other") || "").trim() || data.get("reason");
        restore();
        onUndo(reason);
      },
    }, make("fieldset", {}, make("legend", {}, "为什么撤销？"), REASONS.map((reason, index) => make("label", { class: "choice" },
      make("input", { type: "radio", name: "reason", class: "form-check-input", value: reason, id: `${place}-reason-${index}`, checked: index === 0 }), reason))),
    make("label", { for: `${place}-other`, class: "undo-other" }, "其他原因（选填）"),
    make("input", { id: `${place}-other`, name: "other", class: "form-control", maxlength: 200, autocomplete: "off" }),
    make("div", { class: "button-row" }, make("button", { type: "submit", class: "btn btn-danger" }, "撤销入场"),
      make("button", { type: "button", class: "btn btn-outline-primary", onclick: () => { restore(); holder.querySelector("button").focus(); } }, "不撤销")));
    holder.replaceChildren(form);
    form.querySelector("input").focus();
  };
  const restore = () => holder.replaceChildren(make("button", { type: "button", id: `${place}-undo`, class: "btn btn-outline-danger", onclick: ask },
    icon("arrow-counterclockwise"), "撤销"));
  restore();
  return holder;
}
