// The page on which an article is written: puts the text, its fields and what watches over them together.

import { Editor } from "../vendor/tiptap.min.js";
import * as api from "./api.js";
import { settle } from "./conflict.js";
import { button, byId, icon, make, say } from "./dom.js";
import { Fields } from "./fields.js";
import { Keeper } from "./keeping.js";
import { chooseLink, later } from "./links.js";
import { holdArticle } from "./lock.js";
import { drawChecklist, drawCount, drawLinks, drawOutline } from "./outline.js";
import { cleanHtml } from "./paste.js";
import { choosePicture, cropPicture, describePicture, uploadPicture, usePlace } from "./pictures.js";
import { previewArticle } from "./preview.js";
import { Quiz } from "./quiz.js";
import { Saver } from "./saving.js";
import { documentOf, extensions, shown } from "./schema.js";
import { fillToolbar } from "./toolbar.js";
import { usePictures } from "./views.js";

const given = JSON.parse(byId("article").textContent);
const { urls } = given;
const tab = sessionStorage.getItem("tab") ?? crypto.randomUUID();
sessionStorage.setItem("tab", tab);
api.useToken(given.token, urls.token);
usePlace(given.place);

const withPicture = { withCaption: true };
const pictureAttributes = (chosen) => ({ assetId: chosen.picture.id, alt: chosen.alt, caption: chosen.caption });
const selected = () => editor.state.selection.node;

const acts = {
  link: () => chooseLink(editor, urls),
  fetch: (id) => api.get(urls.asset.replace(urls.nobody, id)),
  async picture() {
    const chosen = await choosePicture(urls, withPicture);
    if (chosen) editor.chain().focus().insertContent({ type: "image", attrs: pictureAttributes(chosen) }).run();
    else editor.commands.focus();
  },
  async replace() {
    const at = editor.state.selection.from;
    const chosen = await choosePicture(urls, { alt: selected()?.attrs.alt ?? "" });
    if (!chosen) return editor.commands.focus();
    const caption = chosen.caption || selected()?.attrs.caption || "";
    return editor.chain().focus().setNodeSelection(at).insertContent({ type: "image", attrs: { ...pictureAttributes(chosen), caption } }).run();
  },
  async describe() {
    if (selected()?.type.name !== "image") return;
    const words = await describePicture(selected().attrs);
    if (words) editor.chain().focus().updateAttributes("image", words).run();
    else editor.commands.focus();
  },
  async crop() {
    const cut = await cropPicture(selected()?.attrs.assetId, urls);
    if (cut) editor.chain().focus().updateAttributes("image", { assetId: cut.id }).run();
    else editor.commands.focus();
  },
};
usePictures(given.pictures, acts);

let isForeign = false;
const editor = new Editor({
  element: byId("body"),
  injectCSS: false, // the page's policy allows no style of its own; editor.css has it
  enableContentCheck: true,
  extensions: extensions({
    "Mod-k": acts.link,
    "Mod-s": () => { saver.flush({ autosaved: false }); },
    "Alt-F10": () => { byId("toolbar").querySelector('[tabindex="0"]').focus(); },
    Enter: () => (selected()?.type.name === "image" ? void acts.describe() : false),
  }),
  content: shown(given.draft.body),
  editorProps: {
    attributes: { id: "body-text", role: "textbox", "aria-multiline": "true", "aria-label": "正文", "aria-describedby": "body-hint", class: "writing-text", lang: "zh-CN" },
    transformPastedHTML: cleanHtml,
    handlePaste: (_view, event) => takeFiles(event.clipboardData, event),
    handleDrop: (view, event, _slice, moved) => !moved && takeFiles(event.dataTransfer, event, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos),
  },
  onContentError: () => { isForeign = true; },
});

// A screenshot comes as a file; what comes from Word has both, and there the text is what is meant.
function takeFiles(data, event, pos) {
  const files = [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (!files.length || data.getData("text/html").trim()) return false;
  event.preventDefault();
  (async () => {
    for (const file of files) {
      const chosen = await uploadPicture(file, urls);
      if (chosen) editor.chain().focus(pos ?? undefined).insertContent({ type: "image", attrs: pictureAttributes(chosen) }).run();
    }
  })();
  return true;
}

const draw = later(() => {
  drawOutline(byId("outline"), editor);
  drawCount(byId("count"), editor);
  drawLinks(byId("links"), editor, given.hosts);
}, 200);
const changed = () => {
  draw();
  saver.changed();
};
const fields = new Fields(byId("fields"), { onChange: () => saver.changed(), names: given.names, urls });
const quiz = new Quiz(byId("quiz"), () => saver.changed());
const read = () => ({ ...fields.read(), body: documentOf(editor), quiz: quiz.read() });
const write = (draft) => {
  fields.write(draft);
  quiz.write(draft.quiz);
  editor.commands.setContent(shown(draft.body), { emitUpdate: false });
  draw();
};
fields.write(given.draft);
quiz.write(given.draft.quiz);

const keeper = new Keeper(given.id, given.staff);
const saver = new Saver({
  url: urls.save, tab, base: given.number, draft: read(), read, keeper,
  tell: showState,
  onSaved: (answer) => drawChecklist(byId("checklist"), byId("checklist-title"), editor, answer.checklist),
  isBusy: () => editor.view.composing,
});
editor.on("update", changed);
if (isForeign) {
  // What is shown is not all that there is: nothing of it may take the place of the text.
  editor.setEditable(false);
  saver.isHeld = true;
  showState("refused", { message: "正文里有编辑器不认识的内容，请从历史版本恢复后再改" });
}
draw();
drawChecklist(byId("checklist"), byId("checklist-title"), editor, given.checklist);
fillToolbar(byId("toolbar"), byId("toolbar-more"), editor, acts);

function showState(state, detail) {
  const [sign, words] = {
    unsaved: ["pencil", "有新的修改"],
    saving: ["arrow-repeat", "正在保存…"],
    saved: ["cloud-check", `已保存 ${detail?.saved_at}`],
    offline: ["cloud-slash", "连接中断，文字保存在本机，恢复后自动保存"],
    refused: ["exclamation-triangle", `没有保存：${detail?.message ?? ""}`],
    "signed-out": ["lock", "登录已失效，文字保存在本机"],
    conflict: ["exclamation-triangle", `${saverOf(detail?.latest)}保存了另一份文字，等您选择`],
  }[state];
  const place = byId("save-state");
  if (place.dataset.state === state && state !== "saved" && state !== "refused") return;
  place.dataset.state = state;
  place.replaceChildren(icon(sign), make("span", {}, words), ...(state === "conflict" ? [button("查看两份文字", () => openConflict(), "sm btn-primary")] : []),
    ...(state === "signed-out" ? [make("a", { href: urls.signIn, target: "_blank" }, "重新登录")] : []));
  if (["offline", "refused", "signed-out", "conflict"].includes(state)) say(words);
  if (state === "conflict") {
    conflict = detail.latest;
    openConflict();
  }
}

const saverOf = (latest) => (latest?.own ? "另一个窗口" : latest?.saved_by ?? "别人");

let conflict = null;
async function openConflict() {
  const theirs = conflict;
  usePictures(theirs.pictures, acts);
  Object.assign(given.names, theirs.names);
  const mine = read();
  const decided = await settle({ base: saver.savedDraft, mine, theirs: theirs.draft, who: saverOf(theirs), when: theirs.saved_at, labels });
  if (!decided) return;
  // What one had written is kept as a version before another text takes its place.
  if (decided.differs && !(await saver.resolve(theirs.number))) return;
  write(decided.draft);
  if (decided.differs) await saver.flush({ autosaved: false });
  else await saver.resolve(theirs.number);
}

function labels(field, value) {
  const control = byId("fields").elements[field];
  if (control instanceof HTMLSelectElement) return [...control.options].find((option) => option.value === value)?.text ?? value;
  if (field === "topic_ids") return document.querySelector(`[name=topic_ids][value="${value}"]`)?.parentElement.textContent.trim() ?? value;
  return field === "site_ids" ? given.names[value] ?? "示范点" : value;
}

const said = new Intl.DateTimeFormat("zh-CN", {
  month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai",
});

// One after the other, until somebody has decided about each.
function offerLeft() {
  const copy = left[0];
  const note = byId("left-behind");
  note.hidden = !copy;
  if (copy) note.querySelector("p").textContent = `这台电脑上有一份没来得及保存的文字（${said.format(new Date(copy.at))}）。`;
}
byId("take-left").addEventListener("click", () => {
  const copy = left.shift();
  saver.base = copy.base;
  write(copy.draft);
  saver.changed();
  saver.keepNow();
  keeper.drop(copy.name);
  offerLeft();
  editor.commands.focus("end");
  say("已恢复没来得及保存的文字");
});
byId("drop-left").addEventListener("click", () => {
  keeper.drop(left.shift().name);
  offerLeft();
  say("已放弃这份文字");
});
const left = keeper.found().filter((copy) => {
  const differs = JSON.stringify(copy.draft) !== JSON.stringify(read());
  if (!differs) keeper.drop(copy.name);
  return differs;
});
offerLeft();

holdArticle(urls, tab, (other) => {
  const note = byId("lock-note");
  note.hidden = !other;
  if (other) {
    note.querySelector("p").textContent = other.same_person
      ? "您在另一个窗口也打开了这篇文章，请只在一个窗口里修改。"
      : `${other.name}正在编辑这篇文章（${other.since} 开始）。您可以接着写，如果两人都改了，保存时会并排显示两份文字。`;
  }
});

byId("show-preview").addEventListener("click", () => previewArticle(urls.preview, read()));
byId("choose-cover").addEventListener("click", async () => {
  const chosen = await choosePicture(urls, { title: "选择封面", withCaption: false });
  if (chosen) fields.setCover(chosen.picture.id);
});
byId("save-now").addEventListener("click", () => saver.flush({ autosaved: false }));
byId("finish").addEventListener("click", async (event) => {
  event.preventDefault();
  if (await saver.flush({ autosaved: false })) location.assign(event.currentTarget?.href ?? byId("finish").href);
});
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    saver.flush({ autosaved: false });
  }
});
addEventListener("beforeunload", (event) => {
  saver.keepNow();
  if (saver.isUnsaved) event.preventDefault();
});
byId("editor").dataset.ready = "yes";
