// What is pasted from Word, from tools of official accounts or from pages: its structure stays, its looks go.
// A picture from elsewhere is never loaded; a place for one stands where it was.

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
const GONE = new Set([
  "SCRIPT", "STYLE", "TITLE", "META", "LINK", "HEAD", "XML", "IFRAME", "OBJECT", "EMBED", "NOSCRIPT", "TEMPLATE",
  "FORM", "INPUT", "BUTTON", "SELECT", "TEXTAREA", "AUDIO", "VIDEO", "CANVAS", "MPVOICE", "MP-COMMON-PROFILE",
]);
const HEADINGS = { H1: "h2", H2: "h2", H3: "h3", H4: "h3", H5: "h3", H6: "h3" };
const BLOCKS = new Set(["P", "DIV", "SECTION", "ARTICLE", "HEADER", "FOOTER", "MAIN", "ADDRESS", "CENTER", "DL", "DT",
  "DD", "FIGURE", "FIGCAPTION", "PRE", "FIELDSET", "DETAILS", "SUMMARY", "HR"]);
const INSIDE = "h2, h3, p, ul, ol, blockquote, table, figure, aside";

export function cleanHtml(html) {
  const source = new DOMParser().parseFromString(disarmed(html), "text/html");
  const target = document.implementation.createHTMLDocument("");
  gatherLists(source.body);
  copyInto(target.body, source.body, target);
  dropEmpty(target.body);
  return target.body.innerHTML;
}

// A document in the making already obeys the page's policy: styles are renamed before it is made of them.
function disarmed(html) {
  return html
    .replace(/<!--[\s\S]*?-->|<!\[[^>]*>|<\?xml[^>]*>/gi, "")
    .replace(/<(script|style|xml|title)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag
      .replace(/(\s)style(\s*=)/gi, "$1data-look$2")
      .replace(/(\s)(?:src|srcset|data-src|background|poster)(\s*=)/gi, "$1data-from$2")
      .replace(/\son[a-z]+\s*=/gi, " data-dropped="));
}

const lookOf = (element) => (element.getAttribute?.("data-look") ?? "").toLowerCase();
const isBold = (look) => /(?:^|;)\s*font-weight\s*:\s*(bold|bolder|[6-9]00)/.test(look);
const isItalic = (look) => /(?:^|;)\s*font-style\s*:\s*(italic|oblique)/.test(look);

// Word writes list items as paragraphs that say of which level they are, with the sign in a part to be ignored.
function gatherLists(body) {
  let open = [];
  for (const item of [...body.querySelectorAll("p, h1, h2, h3")]) {
    const level = Number(/mso-list\s*:[^;]*\blevel(\d+)/.exec(lookOf(item))?.[1] ?? 0);
    if (!level || (open.length && open.at(-1).last.nextElementSibling !== item && open[0].list.nextElementSibling !== item)) {
      open = [];
      if (!level) continue;
    }
    open = open.slice(0, level);
    const sign = [...item.querySelectorAll("span")].find((part) => /mso-list\s*:\s*ignore/.test(lookOf(part)));
    const isOrdered = /^[\s(（]*[0-9a-z一二三四五六七八九十]{1,3}[.)）、]/i.test(sign?.textContent ?? "");
    sign?.remove();
    const entry = body.ownerDocument.createElement("li");
    if (!open.length) {
      const list = body.ownerDocument.createElement(isOrdered ? "ol" : "ul");
      item.before(list);
      open.push({ list, last: entry });
    }
    while (open.length < level) {
      const list = body.ownerDocument.createElement(isOrdered ? "ol" : "ul");
      open.at(-1).last.append(list);
      open.push({ list, last: entry });
    }
    open.at(-1).list.append(entry);
    open.at(-1).last = entry;
    const text = body.ownerDocument.createElement("p");
    text.append(...item.childNodes);
    entry.append(text);
    item.remove();
  }
}

function copyInto(target, source, made) {
  for (const child of source.childNodes) {
    if (child.nodeType === 3) target.append(made.createTextNode(child.data.replace(/[\u200b\ufeff]/g, "")));
    else if (child.nodeType === 1 && !GONE.has(child.tagName) && !child.tagName.includes(":")) copyElement(target, child, made);
    else if (child.nodeType === 1 && child.tagName.includes(":")) copyInto(target, child, made);
  }
}

function copyElement(target, element, made) {
  const name = element.tagName;
  const put = (tag, attributes = {}) => {
    const copy = made.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) copy.setAttribute(key, value);
    target.append(copy);
    copyInto(copy, element, made);
    return copy;
  };
  if (name === "FIGURE" && UUID.test(element.dataset.asset ?? "")) return ownPicture(target, element, made);
  if (name === "FIGURE" && "origin" in element.dataset) return missingPicture(target, made, element.dataset.origin, element.dataset.alt);
  if (name === "ASIDE" && element.dataset.tone) return put("aside", { "data-tone": element.dataset.tone });
  if (name === "IMG" || name === "IMAGE") return missingPicture(target, made, hostOf(element), element.getAttribute("alt"));
  if (HEADINGS[name]) return put(HEADINGS[name]);
  if (["UL", "OL", "LI", "BLOCKQUOTE"].includes(name)) return put(name.toLowerCase(), startOf(element));
  if (name === "BR") return target.append(made.createElement("br"));
  if (name === "A") return link(target, element, made);
  if (name === "TABLE") return table(target, element, made);
  if (BLOCKS.has(name)) return block(target, element, made);
  return inline(target, element, made);
}

const startOf = (element) => (element.tagName === "OL" && element.start > 1 ? { start: element.start } : {});

function block(target, element, made) {
  const look = lookOf(element);
  // Boxes around blocks are no structure.
  if (element.querySelector("p, div, section, h1, h2, h3, h4, ul, ol, table, blockquote, img")) {
    return copyInto(target, element, made);
  }
  const copy = made.createElement("p");
  target.append(copy);
  return copyInto(dressed(copy, look, made), element, made);
}

function inline(target, element, made) {
  let into = target;
  const look = lookOf(element);
  if (["B", "STRONG"].includes(element.tagName) && !/(?:^|;)\s*font-weight\s*:\s*(normal|400)/.test(look)) into = nested(into, "strong", made);
  if (["I", "EM"].includes(element.tagName)) into = nested(into, "em", made);
  copyInto(dressed(into, look, made), element, made);
}

function dressed(into, look, made) {
  let inner = into;
  if (isBold(look)) inner = nested(inner, "strong", made);
  if (isItalic(look)) inner = nested(inner, "em", made);
  return inner;
}

function nested(into, tag, made) {
  const copy = made.createElement(tag);
  into.append(copy);
  return copy;
}

function link(target, element, made) {
  const href = element.getAttribute("href") ?? "";
  if (!/^(https:\/\/|(article|site):)/i.test(href)) return inline(target, element, made);
  const copy = nested(target, "a", made);
  copy.setAttribute("href", href);
  return copyInto(copy, element, made);
}

// A table within a table is how some tools lay pages out: what is in it is kept, the inner table is not.
function table(target, element, made) {
  if (target.closest("td, th")) return copyInto(target, element, made);
  const rows = [...element.querySelectorAll("tr")].filter((row) => row.closest("table") === element);
  const cells = rows.flatMap((row) => [...row.children]).filter((cell) => /^T[DH]$/.test(cell.tagName));
  if (cells.length <= 1) return cells.forEach((cell) => copyInto(target, cell, made));
  const body = nested(nested(target, "table", made), "tbody", made);
  for (const row of rows) {
    const line = nested(body, "tr", made);
    for (const cell of row.children) {
      if (!/^T[DH]$/.test(cell.tagName)) continue;
      const copy = nested(line, cell.tagName.toLowerCase(), made);
      for (const span of ["colspan", "rowspan"]) if (Number(cell.getAttribute(span)) > 1) copy.setAttribute(span, cell.getAttribute(span));
      copyInto(copy, cell, made);
    }
  }
}

function ownPicture(target, element, made) {
  const copy = nested(target, "figure", made);
  for (const key of ["asset", "alt", "caption"]) copy.dataset[key] = element.dataset[key] ?? "";
}

function missingPicture(target, made, origin, alt) {
  let place = target;
  while (place.matches("p, strong, em, a, h2, h3, span") && place.parentNode) place = place.parentNode;
  const copy = made.createElement("figure");
  copy.dataset.origin = (origin ?? "").slice(0, 120);
  copy.dataset.alt = (alt ?? "").slice(0, 120);
  place.append(copy);
}

function hostOf(element) {
  const from = element.getAttribute("data-from") ?? "";
  const host = /^(?:https?:)?\/\/([^/?#]+)/i.exec(from)?.[1];
  return host ?? (/^file:/i.test(from) ? "本机文档" : "剪贴板");
}

function dropEmpty(body) {
  for (const part of [...body.querySelectorAll("strong, em, a, p, h2, h3, li, blockquote, ul, ol")].reverse()) {
    if (!part.textContent.trim() && !part.querySelector("figure, table") && !part.closest("td, th")) part.remove();
  }
  for (const heading of body.querySelectorAll("h2, h3")) {
    if (heading.querySelector(INSIDE)) heading.replaceWith(...heading.childNodes);
  }
}
