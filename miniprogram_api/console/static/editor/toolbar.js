// The buttons above the text. One of them is reached by Tab, the arrow keys go on to the others; what holds where
// the cursor is, is pressed. A second row offers what can be done with the picture, table or box at hand.

import { icon, make } from "./dom.js";
import { TONES } from "./schema.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const spell = (keys) => keys.replaceAll("Mod", isMac ? "⌘" : "Ctrl").replaceAll("Alt", isMac ? "⌥" : "Alt");

// Name, icon, keys, what it does, whether it holds.
function tools(acts) {
  const chain = (act) => (editor) => act(editor.chain().focus()).run();
  return [
    [
      ["标题", "type-h2", "Mod+Alt+2", chain((c) => c.toggleHeading({ level: 2 })), (e) => e.isActive("heading", { level: 2 })],
      ["小标题", "type-h3", "Mod+Alt+3", chain((c) => c.toggleHeading({ level: 3 })), (e) => e.isActive("heading", { level: 3 })],
    ],
    [
      ["加粗", "type-bold", "Mod+B", chain((c) => c.toggleBold()), (e) => e.isActive("bold")],
      ["斜体", "type-italic", "Mod+I", chain((c) => c.toggleItalic()), (e) => e.isActive("italic")],
      ["链接", "link-45deg", "Mod+K", acts.link, (e) => e.isActive("link")],
    ],
    [
      ["项目符号", "list-ul", "Mod+Shift+8", chain((c) => c.toggleBulletList()), (e) => e.isActive("bulletList")],
      ["编号", "list-ol", "Mod+Shift+7", chain((c) => c.toggleOrderedList()), (e) => e.isActive("orderedList")],
      ["引用", "quote", "Mod+Shift+B", chain((c) => c.toggleBlockquote()), (e) => e.isActive("blockquote")],
      ["提示框", "lightbulb", "", (editor) => toggleCallout(editor), (e) => e.isActive("callout")],
    ],
    [
      ["图片", "image", "", acts.picture],
      ["表格", "table", "", chain((c) => c.insertTable({ rows: 3, cols: 3, withHeaderRow: true }))],
    ],
    [
      ["撤销", "arrow-counterclockwise", "Mod+Z", chain((c) => c.undo())],
      ["重做", "arrow-clockwise", "Mod+Shift+Z", chain((c) => c.redo())],
    ],
  ];
}

function toggleCallout(editor) {
  const chain = editor.chain().focus();
  if (editor.isActive("callout")) chain.lift("callout").run();
  else chain.wrapIn("callout", { tone: "info" }).run();
}

function drawTool(editor, [name, sign, keys, act, holds], refreshers) {
  const isWord = sign.startsWith("type-h");
  const tool = make("button", {
    type: "button", class: isWord ? "tool is-word" : "tool", id: `tool-${sign}`, tabindex: "-1", title: keys ? `${name}（${spell(keys)}）` : name,
    "aria-label": name, "aria-pressed": holds ? "false" : null, "aria-keyshortcuts": keys ? ariaKeys(keys) : null,
    onmousedown: (event) => event.preventDefault(),
    onclick: () => act(editor),
  }, isWord ? name : icon(sign));
  if (holds) refreshers.push(() => tool.setAttribute("aria-pressed", String(holds(editor))));
  return tool;
}

const ariaKeys = (keys) => keys.replaceAll("Mod", isMac ? "Meta" : "Control");

export function fillToolbar(bar, more, editor, acts) {
  const refreshers = [];
  for (const group of tools(acts)) {
    bar.append(make("div", { class: "tools" }, group.map((tool) => drawTool(editor, tool, refreshers))));
  }
  bar.querySelector("button").tabIndex = 0;
  bar.addEventListener("keydown", (event) => rove(bar, event));
  let shown = "";
  const refresh = () => {
    for (const act of refreshers) act();
    const at = place(editor);
    if (at !== shown) {
      shown = at;
      more.replaceChildren(...extras(at, editor, acts));
      more.hidden = !at;
    }
  };
  editor.on("transaction", refresh);
  refresh();
}

function rove(bar, event) {
  const all = [...bar.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const next = all[(to + all.length) % all.length];
  for (const tool of all) tool.tabIndex = tool === next ? 0 : -1;
  next.focus();
}

function place(editor) {
  const selected = editor.state.selection.node?.type.name;
  if (selected === "image" || selected === "imagePlaceholder") return selected;
  if (editor.isActive("table")) return "table";
  return editor.isActive("callout") ? `callout-${editor.getAttributes("callout").tone}` : "";
}

function extras(at, editor, acts) {
  const act = (text, run, pressed = null) => make("button", {
    type: "button", class: "tool is-word", "aria-pressed": pressed,
    onmousedown: (event) => event.preventDefault(), onclick: () => run(editor.chain().focus()),
  }, text);
  const label = (text) => make("span", { class: "tools-label" }, text);
  const remove = act("删除", (c) => c.deleteSelection().run());
  if (at === "image") {
    return [label("图片"), act("文字与说明", () => acts.describe()), act("裁剪", () => acts.crop()),
      act("换一张", () => acts.replace()), remove];
  }
  if (at === "imagePlaceholder") return [label("缺少图片"), act("上传或选择图片", () => acts.replace()), remove];
  if (at === "table") {
    return [label("表格"), act("下方加行", (c) => c.addRowAfter().run()), act("右侧加列", (c) => c.addColumnAfter().run()),
      act("删除行", (c) => c.deleteRow().run()), act("删除列", (c) => c.deleteColumn().run()),
      act("合并或拆分", (c) => c.mergeOrSplit().run()), act("表头行", (c) => c.toggleHeaderRow().run()),
      act("删除表格", (c) => c.deleteTable().run())];
  }
  if (at.startsWith("callout-")) {
    return [label("提示框"), ...Object.entries(TONES).map(([tone, name]) => act(name,
      (c) => c.updateAttributes("callout", { tone }).run(), String(at === `callout-${tone}`)))];
  }
  return [];
}
