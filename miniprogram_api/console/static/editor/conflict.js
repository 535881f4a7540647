// Two people saved different texts. Both are shown beside each other, part by part; whoever saves second chooses
// what stands, and what is not chosen stays among the earlier versions.

import { ask, button, make } from "./dom.js";
import { spelled } from "./schema.js";
import { pictureOf } from "./views.js";

const NAMES = {
  title: "标题", summary: "摘要", kind: "栏目", content_class: "审核级别", audience: "写给谁", byline: "署名",
  source_name: "来源", source_url: "来源网址", cover_asset_id: "封面", topic_ids: "专题", site_ids: "相关示范点",
  technologies: "相关技术", quiz: "知识问答",
};
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Comes with the text that was put together, and whether it differs from one's own; null leaves both as they are.
export async function settle({ base, mine, theirs, who, when, labels }) {
  const parts = [...fieldParts(base, mine, theirs, labels), ...bodyParts(base, mine, theirs)];
  const draft = await ask("这篇文章有两份不同的文字", (close) => {
    const choose = (value) => {
      for (const radio of box.querySelectorAll(`input[value="${value}"]`)) {
        radio.checked = true;
        radio.dispatchEvent(new Event("change"));
      }
    };
    const box = make("div", { class: "two-texts" },
      make("div", { class: "pair pair-head" }, make("strong", {}, "我的文字"), make("strong", {}, `${who} ${when} 保存的文字`)),
      parts.map((part, at) => (part.differs ? choice(part, at) : alike(part))));
    const open = parts.filter((part) => part.differs).length;
    return [
      make("p", {}, `您写的时候，${who}保存了另一份文字。下面逐处并排列出（${open} 处不同），请选择每一处留哪一份。`,
        "没有留下的文字不会丢失，可以在历史版本里找到。"),
      make("div", { class: "button-row" }, button("全部用我的", () => choose("mine"), "sm btn-outline-primary"),
        button("全部用对方的", () => choose("theirs"), "sm btn-outline-primary")),
      box,
      make("div", { class: "button-row form-end" },
        button("保存选择的文字", () => close(joined(mine, parts)), "primary", { id: "save-merged" }),
        button("以后再决定", () => close())),
    ];
  }, { wide: true });
  return draft && { draft, differs: !same(draft, mine) };
}

function joined(mine, parts) {
  const draft = { ...mine, body: { type: "doc", content: [] } };
  for (const part of parts) {
    if (part.field) draft[part.field] = part.pick === "theirs" ? part.theirs : part.mine;
    else if (!part.differs) draft.body.content.push(...part.mine);
    else {
      if (part.pick !== "theirs") draft.body.content.push(...part.mine);
      if (part.pick !== "mine") draft.body.content.push(...part.theirs);
    }
  }
  return draft;
}

function fieldParts(base, mine, theirs, labels) {
  return Object.keys(NAMES).filter((field) => !same(mine[field], theirs[field])).map((field) => ({
    field, name: NAMES[field], mine: mine[field], theirs: theirs[field], differs: true,
    pick: same(mine[field], base[field]) ? "theirs" : "mine",
    show: (value) => shownField(field, value, labels),
  }));
}

function shownField(field, value, labels) {
  if (field === "cover_asset_id") {
    const picture = value && pictureOf(value);
    return [picture ? make("img", { src: picture.src, alt: `封面：${picture.alt}` }) : value ? "另一张图片" : "没有封面"];
  }
  if (field === "quiz") return value.length ? value.map((asked) => make("p", {}, asked.text || "（没有题目）")) : ["没有题目"];
  if (Array.isArray(value)) return [value.map((one) => labels(field, one)).join("、") || "（空）"];
  return [labels(field, value) || "（空）"];
}

// The longest sequence of blocks that both have; between them lies what differs.
export function bodyParts(base, mine, theirs) {
  const [a, b] = [mine, theirs].map((draft) => spelled(draft.body).content ?? []);
  const known = new Set((spelled(base.body).content ?? []).map((block) => JSON.stringify(block)));
  const [x, y] = [a, b].map((blocks) => blocks.map((block) => JSON.stringify(block)));
  const lengths = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1));
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      lengths[i][j] = x[i] === y[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const parts = [];
  const add = (differs, one, other) => {
    if (parts.at(-1)?.differs !== differs) parts.push({ differs, mine: [], theirs: [] });
    parts.at(-1).mine.push(...one);
    parts.at(-1).theirs.push(...other);
  };
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) add(false, [a[i++]], [b[j++]]);
    else if (j >= y.length || (i < x.length && lengths[i + 1][j] >= lengths[i][j + 1])) add(true, [a[i++]], []);
    else add(true, [], [b[j++]]);
  }
  const isKnown = (blocks) => blocks.every((block) => known.has(JSON.stringify(block)));
  return parts.map((part) => ({
    ...part, name: "正文", show: (blocks) => (blocks.length ? blocks.map(shownBlock) : [make("p", { class: "hint" }, "（这里没有文字）")]),
    // What only one of the two changed is that one's; where both did, both stay.
    pick: isKnown(part.mine) ? "theirs" : isKnown(part.theirs) ? "mine" : "both",
  }));
}

function choice(part, at) {
  const name = `pick-${at}`;
  const sides = { mine: make("div", { class: "side" }, part.show(part.mine)), theirs: make("div", { class: "side" }, part.show(part.theirs)) };
  const options = [["mine", "用我的"], ["theirs", "用对方的"], ...(part.field ? [] : [["both", "两份都留"]])];
  const mark = () => {
    for (const [side, element] of Object.entries(sides)) element.classList.toggle("is-left-out", part.pick !== side && part.pick !== "both");
  };
  mark();
  return make("fieldset", { class: "difference" }, make("legend", {}, part.name),
    make("div", { class: "pair" }, sides.mine, sides.theirs),
    make("div", { class: "choices choices-inline" }, options.map(([value, text]) => {
      const radio = make("input", { type: "radio", class: "form-check-input", name, value, checked: part.pick === value });
      radio.addEventListener("change", () => { part.pick = value; mark(); });
      return make("label", { class: "choice" }, radio, text);
    })));
}

function alike(part) {
  return make("details", { class: "alike" }, make("summary", {}, `相同的 ${part.mine.length} 段`), part.show(part.mine));
}

function shownBlock(block) {
  const inside = () => (block.content ?? []).map(shownBlock);
  if (block.type === "text") return document.createTextNode(block.text);
  if (block.type === "hardBreak") return make("br");
  if (block.type === "image") {
    const picture = pictureOf(block.attrs.assetId);
    return make("figure", {}, picture ? make("img", { src: picture.src, alt: block.attrs.alt }) : "图片", make("figcaption", {}, block.attrs.caption || block.attrs.alt));
  }
  if (block.type === "imagePlaceholder") return make("p", { class: "hint" }, "（缺少图片）");
  const tag = {
    paragraph: "p", heading: block.attrs?.level === 3 ? "h4" : "h3", bulletList: "ul", orderedList: "ol", listItem: "li",
    blockquote: "blockquote", callout: "aside", table: "table", tableRow: "tr", tableCell: "td", tableHeader: "th",
  }[block.type];
  return make(tag ?? "div", {}, inside());
}
