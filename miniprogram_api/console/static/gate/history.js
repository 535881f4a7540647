// What this site's gates did last, and what this one still has to send.

import { takeBackButton, undoButton } from "./answer.js";
import { byId, icon, make, show } from "./dom.js";
import { Gate } from "./gate.js";
import { RESULTS, clockTime } from "./words.js";

export function showQueue(gate, { onForget, onDismiss }) {
  const entries = [...gate.queue].sort((one, other) => other.at - one.at);
  byId("queue").hidden = entries.length === 0;
  byId("queue-count").textContent = gate.waiting.length ? `${gate.waiting.length} 条待上传` : "已全部上传";
  byId("queue-count").className = `badge-word tone-${gate.waiting.length ? "warning" : "good"}`;
  show(byId("queue-list"), entries.map((entry) => queueRow(entry, gate, { onForget, onDismiss })));
}

function queueRow(entry, gate, { onForget, onDismiss }) {
  const [tone, word, text] = cameOf(entry, gate.now);
  const name = entry.number ?? "新预约";
  return make("li", { class: `scan tone-line-${tone}` },
    make("span", { class: "scan-main" }, `${clockTime(new Date(entry.at).toISOString(), gate.now)}　${name}　${entry.seats} 人`),
    make("span", { class: "scan-side" }, make("span", { class: `badge-word tone-${tone}` }, word)),
    text ? make("span", { class: "scan-text" }, text) : null,
    entry.state === "waiting"
      ? takeBackButton(`queue-${entry.nonce}`, () => onForget(entry.nonce))
      : make("button", { type: "button", id: `dismiss-${entry.nonce}`, class: "btn btn-outline-primary btn-sm", onclick: () => onDismiss(entry.nonce) }, "知道了"));
}

// What became of an entry: tone, word and sentence.
export function cameOf({ state, seats, answer }, now) {
  if (state === "waiting") return ["warning", "待上传", ""];
  if (state === "confirmed") return ["good", "已确认", `系统已记入 ${answer.admitted_now} 人。`];
  if (answer.error) return ["danger", "未记入", "这一条与之前的记录编号相同，请告诉值班人员。"];
  const first = answer.first_scan;
  const why = first ? `${first.gate} 于 ${clockTime(first.at, now)} 先放行了同一张票` : RESULTS[answer.result]?.title ?? "没有余位";
  const over = seats - (answer.admitted_now ?? 0);
  return ["danger", "冲突", `${why}，${over} 人待核对，已转到“核销冲突”。`];
}

export function showScans(scans, gate, { onUndo }) {
  const rows = scans.map((scan) => scanRow(scan, gate, onUndo));
  show(byId("scans"), rows.length ? rows : [make("li", { class: "quiet-row" }, "今天还没有核销记录。")]);
}

function scanRow(scan, gate, onUndo) {
  const undone = scan.undone_at !== null;
  const result = scan.result === "ok" ? "admitted" : scan.result;
  const words = undone ? RESULTS.undone : RESULTS[result];
  const undoable = !undone && scan.result === "ok" && Gate.canUndo(Date.parse(scan.received_at), gate.now);
  const amount = scan.result === "ok" ? `　${scan.admitted_now} 人` : "";
  return make("li", { class: `scan tone-line-${words.tone}`, "data-scan": scan.id },
    make("span", { class: "scan-main" }, `${clockTime(scan.at, gate.now)}　${scan.booking_number ?? "未知票码"}${amount}`),
    make("span", { class: "scan-side" }, make("span", { class: `badge-word tone-${words.tone}` }, icon(words.icon), words.title)),
    make("span", { class: "scan-text" }, undone ? `${scan.gate}，由 ${scan.undone_by} 撤销：${scan.undo_reason}` : scan.gate),
    undoable ? undoButton(`scan-${scan.id}`, (reason) => onUndo(scan.id, reason)) : null);
}
