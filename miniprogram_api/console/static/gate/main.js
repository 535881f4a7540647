// The gate page: puts scanner, answer, queue and day together for one person at a door.

import { Refused, SignedOut } from "./api.js";
import { announce, showBusy, showClash, showFailure, showIdle, showParty, showResult } from "./answer.js";
import { Camera } from "./camera.js";
import { fillSteppers, number, showDay, tellDone } from "./day.js";
import { byId, icon, make, show } from "./dom.js";
import { Gate } from "./gate.js";
import { cameOf, showQueue, showScans } from "./history.js";
import { isOn, play, toggle } from "./sound.js";
import { openStore } from "./store.js";
import { today } from "./words.js";

const PACKAGE_MS = 5 * 60 * 1000;
const DAY_MS = 20 * 1000;
const RETRY_MS = 4 * 1000;
const LATEST = 12;

const page = byId("main").dataset;
const input = byId("code");
const gate = new Gate({
  siteId: page.siteId, isDevice: page.isDevice === "yes", keys: JSON.parse(page.keys), store: await openStore(page.siteId),
});
const camera = new Camera(byId("video"), (code) => lookUp(code));
let busy = false;
let waitsFor = null; // the answer that is shown and was not sent yet

// One ticket after the other.

async function lookUp(typed) {
  const code = typed.trim();
  if (!code || busy) return;
  await working("正在查票…", async () => {
    const looked = await gate.lookUp(code);
    input.value = "";
    if (looked.result !== "ok") return showResult(looked.result, looked, { now: gate.now });
    camera.paused = true;
    showParty(looked, { onConfirm: (seats) => admit(looked, seats), onCancel: rest });
  });
  if (!byId("confirm")) ready();
}

async function admit(looked, seats) {
  if (busy) return;
  await working("正在登记…", async () => {
    const answer = await gate.admit(looked, seats);
    const result = answer.result === "ok" ? "admitted" : answer.result;
    waitsFor = result === "queued" ? answer : null;
    const onUndo = { admitted: (reason) => undo(answer.id, reason), queued: () => forget(answer.nonce) }[result] ?? null;
    showResult(result, answer, { now: gate.now, onUndo });
  });
  ready();
  refreshDay();
}

async function undo(scanId, reason) {
  await working("正在撤销…", async () => {
    const answer = await gate.undo(scanId, reason);
    showResult("undone", { ...answer, source: "server" }, { now: gate.now });
  }, explainUndo);
  ready();
  renew();
}

async function forget(nonce) {
  await gate.forget(nonce);
  showResult("undone", { booking: null, source: "gate" }, { now: gate.now });
  ready();
}

async function working(text, act, explainIt = explain) {
  busy = true;
  showBusy(text);
  try {
    await act();
  } catch (error) {
    explainIt(error);
  } finally {
    busy = false;
  }
}

function explain(error) {
  if (error instanceof Refused) return showFailure("没有放行", error.message);
  if (error instanceof SignedOut) return showFailure(gate.isDevice ? "设备已停用" : "登录已过期", aloneWords());
  showFailure("网络不通", "本机没有今天的名单，暂时不能断网核验。请恢复网络后重试，或按纸质名单放行。");
}

function explainUndo(error) {
  const text = error instanceof Refused ? error.message : "这次放行已经上传，撤销它需要网络。联网后请在“最近核销”里再试。";
  showFailure("没有撤销", text);
}

function ready() {
  camera.paused = false;
  input.focus({ preventScroll: true });
}

function rest() {
  showIdle();
  ready();
}

// A hardware scanner types wherever the focus is: what it types belongs into the field.
function catchScanner(event) {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (typing || event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  input.focus({ preventScroll: true });
}

// The line, and what it means for the person at the door.

const LINES = {
  on: ["wifi", "在线", "good"], off: ["wifi-off", "断网", "warning"],
  "signed-out": ["lock", "需要登录", "warning"], unknown: ["hourglass-split", "连接中", "quiet"],
};

function showLine() {
  const [picture, word, tone] = LINES[gate.line];
  const waiting = gate.waiting.length;
  byId("today").textContent = today(gate.now);
  const chip = byId("line");
  chip.className = `chip tone-${tone}`;
  show(chip, icon(picture), waiting ? `${word} · ${waiting} 条待上传` : word);
  const alone = gate.isAlone;
  byId("alone").hidden = !alone;
  byId("alone-words").textContent = aloneWords();
  byId("sign-in-again").hidden = gate.line !== "signed-out";
  byId("walk-in-form").inert = byId("leaving-form").inert = alone;
  byId("needs-line").hidden = !alone;
}

function aloneWords() {
  if (gate.isDevice && gate.line === "signed-out") {
    return "这台设备已停用，不能核销。已放行的记录还在本机，重新配对后会自动上传。";
  }
  const why = gate.line === "signed-out" ? "登录已过期。" : "网络断开。";
  if (!gate.canWorkAlone) return `${why}本机没有今天的名单，请按纸质名单放行，联网后补录。`;
  return `${why}可以继续扫码：按本机今天的名单核验，联网后自动上传确认。`;
}

function showPackage() {
  if (!gate.isAble) {
    const old = "这个浏览器版本太旧，断网时不能核验；联网时照常使用。请升级浏览器。";
    return show(byId("package"), icon("exclamation-triangle"), old);
  }
  const kept = gate.canWorkAlone && page.kept === "yes";
  show(byId("package"), icon(kept ? "check-circle" : "hourglass-split"),
    kept ? "断网可用：今天的名单已存到本机" : "正在准备断网名单…");
}

// What stands beside.

async function refreshDay() {
  if (gate.isAlone) return showDayAlone();
  try {
    const [figures, scans] = await Promise.all([
      gate.ask("/occupancy"), gate.ask("/scans", { limit: LATEST }),
    ]);
    showDay(figures, { alone: false, now: gate.now });
    if (!document.querySelector("#scans form")) showScans(scans.items, gate, { onUndo: undo });
  } catch {
    showDayAlone();
  }
}

function showDayAlone() {
  if (gate.bundle) showDay(gate.bundle, { alone: true, now: gate.now });
}

async function register(event, line, act) {
  event.preventDefault();
  try {
    tellDone(line, await act());
    play("good");
  } catch (error) {
    const text = error instanceof Refused ? error.message : "网络不通，没有登记。联网后再试。";
    tellDone(line, text, "danger");
    play("bad");
  }
  announce(byId(line).textContent);
  refreshDay();
}

const walkIn = (event) => register(event, "walk-in-done", async () => {
  const party = { adults: number("walk-in-adults"), children: number("walk-in-children") };
  const answer = await gate.tellServer("/walk-ins", { slot_id: byId("walk-in-slot").value, party });
  return `已现场登记并放行 ${answer.admitted_now} 人。`;
});

const leave = (event) => register(event, "leaving-done", async () => {
  const answer = await gate.tellServer("/departures", { seats: number("leaving") });
  return `已登记 ${answer.seats} 人离场，馆内还有 ${answer.inside} 人。`;
});

async function switchCamera() {
  const button = byId("camera-button");
  if (camera.isOn) camera.stop();
  else {
    try {
      await camera.start();
      byId("camera-fault").hidden = true;
    } catch {
      byId("camera-fault").hidden = false;
    }
  }
  byId("camera").hidden = !camera.isOn;
  show(button, icon(camera.isOn ? "camera-video" : "camera"), camera.isOn ? "关闭摄像头" : "用摄像头扫码");
  button.setAttribute("aria-pressed", String(camera.isOn));
  input.focus({ preventScroll: true });
}

function showSound() {
  const button = byId("sound");
  button.setAttribute("aria-pressed", String(isOn()));
  show(button, icon(isOn() ? "volume-up" : "volume-mute"), make("span", {}, isOn() ? "声音开" : "声音关"));
}

function sayWhatCameOfIt({ detail: sent }) {
  byId("queue-fault").hidden = true;
  showWhatCameOf(sent.find((entry) => entry.nonce === waitsFor?.nonce));
  const clashes = sent.filter((entry) => entry.state === "conflict");
  const confirmed = sent.length - clashes.length;
  const clashWords = clashes.length ? `，${clashes.length} 条冲突，请查看` : "";
  announce(`已上传 ${sent.length} 条：${confirmed} 条确认${clashWords}。`);
  play(clashes.length ? "warning" : "good");
}

// The answer that still says "to be sent" says now what came of it, unless the next ticket is being looked at.
function showWhatCameOf(entry) {
  if (!entry || !byId("answer-undo") || byId("confirm")) return;
  const { answer } = entry;
  if (entry.state === "conflict") return showClash(entry, cameOf(entry, gate.now)[2]);
  showResult("admitted", { ...answer, source: "server" }, { now: gate.now, onUndo: (reason) => undo(answer.id, reason) });
}

// Kept for a day without a network: the page itself by its worker, the day by its package.
async function keepPage() {
  if (!navigator.serviceWorker) return;
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    page.kept = data.kept ? "yes" : "no";
    showPackage();
  });
  await navigator.serviceWorker.register(page.worker, { scope: page.scope });
  const registration = await navigator.serviceWorker.ready;
  registration.active.postMessage({ keep: JSON.parse(page.keep) });
}

async function renew() {
  await gate.refresh();
  showPackage();
  await refreshDay();
}

byId("code-form").addEventListener("submit", (event) => { event.preventDefault(); lookUp(input.value); });
byId("camera-button").addEventListener("click", switchCamera);
byId("help").addEventListener("click", () => byId("guide").showModal());
byId("sound").addEventListener("click", () => { toggle(); showSound(); play("good"); });
byId("walk-in-form").addEventListener("submit", walkIn);
byId("leaving-form").addEventListener("submit", leave);
document.addEventListener("keydown", catchScanner);
addEventListener("online", renew);
addEventListener("offline", () => gate.send());
document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
gate.addEventListener("line", () => { showLine(); if (gate.line === "on") gate.send(); });
gate.addEventListener("queue", () => {
  showQueue(gate, { onForget: forget, onDismiss: (nonce) => gate.dismiss(nonce) });
  showLine();
});
gate.addEventListener("sent", sayWhatCameOfIt);
gate.addEventListener("refused", ({ detail }) => tellDone("queue-fault", `上传没有成功：${detail.message}`, "danger"));
gate.addEventListener("untrusted", () => showFailure("名单不可信", "下载的名单签名不对，没有采用。请刷新页面；仍然这样请联系管理员。"));

fillSteppers();
showSound();
showIdle();
await gate.wake();
showLine();
showDayAlone();
await renew();
keepPage().catch(() => {});
setInterval(() => gate.refresh().then(showPackage), PACKAGE_MS);
setInterval(() => (gate.line === "signed-out" ? renew() : refreshDay()), DAY_MS);
setInterval(() => gate.line === "off" && renew(), RETRY_MS);
byId("main").dataset.ready = "yes";
