// Beside the scanning: today's slots with their numbers, people without a booking, people who leave.

import { byId, icon, make, show, stepper } from "./dom.js";
import { hours } from "./words.js";

const AT_HAND = 3;

export function showDay(figures, { alone, now }) {
  const totals = alone
    ? [["预约", sum(figures, "booked")], ["已到", sum(figures, "arrived")]]
    : [["在馆", figures.inside], ["已入场", figures.entered], ["已离场", figures.departed]];
  show(byId("totals"), totals.map(([name, value]) => make("li", {}, make("strong", {}, String(value)), make("span", {}, name))));
  byId("totals-note").hidden = !alone;
  showSlots(figures.slots, now);
  offerWalkIns(figures.slots, now);
}

// What runs and what comes next stands open; the rest of a long day is folded.
function showSlots(slots, now) {
  const ended = slots.filter((slot) => Date.parse(slot.ends_at) <= now);
  const open = slots.slice(ended.length);
  const none = slots.length ? "今天的场次都结束了。" : "今天没有场次。";
  const rows = open.slice(0, AT_HAND).map((slot) => slotRow(slot, now));
  show(byId("slots"), rows.length ? rows : [make("li", { class: "quiet-row" }, none)]);
  fold("slots-later", open.slice(AT_HAND), (count) => `之后还有 ${count} 场`, now);
  fold("slots-ended", ended, (count) => `已结束 ${count} 场`, now);
}

function fold(id, slots, words, now) {
  const details = byId(id);
  details.hidden = slots.length === 0;
  details.querySelector("span").textContent = words(slots.length);
  show(details.querySelector("ul"), slots.map((slot) => slotRow(slot, now)));
}

const sum = ({ slots }, name) => slots.reduce((total, slot) => total + slot[name], 0);

function slotRow(slot, now) {
  const runs = Date.parse(slot.starts_at) <= now && now < Date.parse(slot.ends_at);
  const over = Date.parse(slot.ends_at) <= now;
  const missed = slot.no_shows ? `，爽约 ${slot.no_shows}` : "";
  const rest = over ? missed : `，余位 ${Math.max(0, slot.capacity - slot.booked)}`;
  return make("li", { class: runs ? "slot is-now" : "slot" },
    make("span", { class: "slot-time" }, `${hours(slot.starts_at)}–${hours(slot.ends_at)}`, runs ? make("span", { class: "badge-word tone-good" }, "正在进行") : null),
    make("progress", { class: "bar", max: slot.booked || 1, value: slot.arrived, "aria-label": `${hours(slot.starts_at)} 场已到人数` }),
    make("span", { class: "slot-words" }, `已到 ${slot.arrived} / 预约 ${slot.booked}${rest}`));
}

// The choice is left alone while somebody is at it.
function offerWalkIns(slots, now) {
  const select = byId("walk-in-slot");
  if (document.activeElement === select) return;
  const open = slots.filter((slot) => Date.parse(slot.ends_at) > now);
  const chosen = select.value;
  select.replaceChildren(...open.map((slot) => make("option", { value: slot.slot_id },
    `${hours(slot.starts_at)}–${hours(slot.ends_at)}（余 ${Math.max(0, slot.capacity - slot.booked)}）`)));
  if (open.some((slot) => slot.slot_id === chosen)) select.value = chosen;
  byId("walk-in-submit").disabled = open.length === 0;
}

export function fillSteppers() {
  byId("walk-in-adults-holder").append(stepper({ id: "walk-in-adults", label: "成人", value: 1, least: 0, most: 99 }));
  byId("walk-in-children-holder").append(stepper({ id: "walk-in-children", label: "儿童", value: 0, least: 0, most: 99 }));
  byId("leaving-holder").append(stepper({ id: "leaving", label: "离场人数", value: 1, least: 1, most: 999 }));
}

export const number = (id) => Math.max(0, Math.trunc(Number(byId(id).value)) || 0);

export function tellDone(id, text, tone = "good") {
  const line = byId(id);
  line.className = `done-line tone-${tone}`;
  line.replaceChildren(icon(tone === "good" ? "check-circle" : "exclamation-triangle"), text);
  line.hidden = false;
}
