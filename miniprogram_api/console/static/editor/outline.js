// Beside the text: its headings, how long it is, where its links lead, and what is still missing.

import { make } from "./dom.js";

const COUNTED = /[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff]+(?:[.,'’/-][^\W_\u3400-\u9fff]+)*/g;

export const count = (text) => text.match(COUNTED)?.length ?? 0;

function go(editor, pos) {
  editor.chain().focus(pos + 1).scrollIntoView().run();
}

export function blockAt(editor, index) {
  let at = null;
  editor.state.doc.forEach((node, offset, number) => { if (number === index) at = { node, offset }; });
  return at;
}

export function drawOutline(place, editor) {
  const found = [];
  editor.state.doc.forEach((node, offset) => {
    if (node.type.name === "heading" && node.textContent.trim()) found.push({ node, offset });
  });
  place.replaceChildren(...(found.length ? found.map(({ node, offset }) => make("li", { class: `level-${node.attrs.level}` },
    make("button", { type: "button", class: "link-button", onclick: () => go(editor, offset) }, node.textContent)))
    : [make("li", { class: "hint" }, "用“标题”把长文章分成几段，大纲会出现在这里。")]));
}

export function drawCount(place, editor) {
  const words = count(editor.state.doc.textBetween(0, editor.state.doc.content.size, "\n", "\n"));
  place.textContent = `${words} 字，约 ${Math.max(1, Math.round(words / 400))} 分钟读完`;
}

// Links to hosts that are not on the list are told at once; whether an article of ours is there, the server tells.
export function drawLinks(place, editor, hosts) {
  const links = [];
  editor.state.doc.descendants((node, pos) => {
    const href = node.marks?.find((mark) => mark.type.name === "link")?.attrs.href;
    if (href && links.at(-1)?.href !== href) links.push({ href, text: node.text, pos });
  });
  place.replaceChildren(...links.map(({ href, text, pos }) => {
    const host = href.startsWith("https:") ? URL.parse?.(href)?.hostname ?? href.split("/")[2] : "";
    const isKnown = !host || hosts.some((known) => host === known || host.endsWith(`.${known}`));
    return make("li", {}, make("button", { type: "button", class: "link-button", onclick: () => go(editor, pos) }, text),
      make("span", { class: isKnown ? "hint" : "hint is-wrong" }, host ? (isKnown ? host : `${host} 不在可用网站名单里`) : "站内链接"));
  }));
  place.closest("section").hidden = !links.length;
}

export function drawChecklist(place, summary, editor, points) {
  summary.textContent = points.length ? `送审前还有 ${points.length} 项` : "可以送审了";
  summary.classList.toggle("is-done", !points.length);
  place.replaceChildren(...points.map((point) => make("li", {}, make("button", {
    type: "button", class: "link-button", onclick: () => goTo(editor, point),
  }, point.text), ...(point.keep ? [make("a", { class: "keep-word", href: point.keep }, "说明理由并保留")] : []))));
}

function goTo(editor, { field, block }) {
  if (block !== null && block !== undefined) {
    const at = blockAt(editor, block);
    if (at?.node.isAtom) editor.chain().focus().setNodeSelection(at.offset).scrollIntoView().run();
    else if (at) go(editor, at.offset);
    return;
  }
  const control = document.getElementById(`field-${field}`) ?? document.querySelector(`[name="${field}"]`)
    ?? (field?.startsWith("quiz") ? document.getElementById("quiz-part") : null);
  if (!control) return editor.commands.focus();
  control.closest("details")?.setAttribute("open", "");
  control.scrollIntoView({ block: "center" });
  control.focus();
}
