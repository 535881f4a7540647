// Where a link leads: to an article or a site of ours, found by name, or to an address that is written.

import * as api from "./api.js";
import { ask, button, make, question } from "./dom.js";
import { isHref } from "./schema.js";

const KINDS = { article: "站内文章", site: "示范点", web: "网址" };
const SOON_MS = 250;

export async function chooseLink(editor, urls) {
  const { from, to, empty } = editor.state.selection;
  const old = editor.getAttributes("link").href ?? "";
  const text = editor.state.doc.textBetween(from, to, " ");
  const found = await ask("链接", (close) => form({ old, text, close, urls, needsText: empty && !old }));
  const chain = editor.chain().focus();
  if (!found) return chain.run();
  if (found.remove) return chain.extendMarkRange("link").unsetMark("link").run();
  if (empty && !old) {
    return chain.insertContent({ type: "text", text: found.text, marks: [{ type: "link", attrs: { href: found.href } }] }).run();
  }
  return chain.extendMarkRange("link").setMark("link", { href: found.href }).run();
}

function form({ old, text, close, urls, needsText }) {
  const written = make("input", { class: "form-control", value: text, maxlength: "120" });
  const address = make("input", { class: "form-control", type: "url", placeholder: "https://", value: old.startsWith("https") ? old : "" });
  const search = make("input", { class: "form-control", type: "search", placeholder: "输入名称的一部分", autocomplete: "off" });
  const results = make("ul", { class: "choices-list", "aria-live": "polite" });
  const wrong = make("p", { class: "field-error", role: "alert", hidden: true });
  const kinds = Object.entries(KINDS).map(([kind, name]) => make("label", { class: "choice" },
    make("input", { type: "radio", class: "form-check-input", name: "link-kind", value: kind, checked: kind === kindOf(old) }), name));
  const byName = make("div", {}, question("查找", search), results);
  const byAddress = question("网址", address, "以 https:// 开头。政府网站等常用网址可以直接使用，其他网址送审前会提醒。");
  const chosenKind = () => kinds.map((k) => k.firstChild).find((radio) => radio.checked).value;

  const finish = (href, name) => {
    const label = written.value.trim() || name;
    if (isHref(href)) return close({ href, text: label || href });
    wrong.textContent = "请填写以 https:// 开头的完整网址。";
    wrong.hidden = false;
    address.focus();
  };
  const use = button("使用网址", () => finish(address.value.trim()), "primary", { hidden: chosenKind() !== "web" });
  const show = () => {
    byName.hidden = chosenKind() === "web";
    byAddress.hidden = use.hidden = !byName.hidden;
    if (!byName.hidden) look();
  };
  const look = later(async () => {
    const kind = chosenKind();
    const answer = await api.get(kind === "article" ? urls.articles : urls.sites, { q: search.value.trim() }).catch(() => null);
    if (!answer) return results.replaceChildren(make("li", { class: "hint" }, "没有连上服务器，请稍后再试。"));
    if (kind !== chosenKind()) return null;
    return results.replaceChildren(...(answer.items.length ? answer.items.map((item) => make("li", {},
      button([make("strong", {}, item.name), make("span", { class: "hint" }, item.note)],
        () => finish(`${kind}:${item.id}`, item.name), "outline-primary", { class: "choice-row" })))
      : [make("li", { class: "hint" }, "没有找到，换个词试试。")]));
  }, SOON_MS);
  search.addEventListener("input", look);
  address.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); finish(address.value.trim()); } });
  for (const kind of kinds) kind.firstChild.addEventListener("change", show);
  setTimeout(show);
  return [
    needsText && question("显示的文字", written),
    make("fieldset", { class: "question" }, make("legend", {}, "链接到"), make("div", { class: "choices-inline choices" }, kinds)),
    byName, make("div", {}, byAddress, wrong),
    make("div", { class: "button-row form-end" },
      use,
      old && button("去掉链接", () => close({ remove: true }))),
  ].filter(Boolean);
}

const kindOf = (href) => (href.startsWith("site:") ? "site" : href.startsWith("https:") ? "web" : "article");

export function later(act, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}
