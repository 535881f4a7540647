// Shows an article's blocks as the mini-program does: the reference for its renderer, and the phone of the desk.
// What is not in the lists below is left out with all that is in it, as `rich-text` does.

const TAGS = new Set(["p", "h2", "h3", "ul", "ol", "li", "blockquote", "div", "strong", "em", "span", "br",
  "table", "tbody", "tr", "th", "td"]);
const ATTRIBUTES = new Set(["class", "start", "colspan", "rowspan"]);
const ENTITIES = new Map([["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", "\""], ["apos", "'"], ["nbsp", "\u00a0"]]);
const CLASSES = /^[a-z -]{1,60}$/;
const PICTURE = /^\/media\/[a-z0-9/]+(-\d+)?\.(jpg|png)$/;
const DEEPEST = 40;
const WIDEST = "(max-width: 44rem) 100vw, 44rem";

// A link that leads into the mini-program is a button; whoever listens for `openlink` opens it.
export function renderBlocks(blocks, document = globalThis.document) {
  const fragment = document.createDocumentFragment();
  for (const block of Array.isArray(blocks) ? blocks : []) {
    const shown = SHOWN.get(block?.type)?.(block, document);
    if (!shown) continue;
    if (Number.isInteger(block.block)) shown.dataset.block = block.block;
    fragment.append(shown);
  }
  return fragment;
}

const SHOWN = new Map([
  ["text", (block, document) => box(document, "div", "block-text", rich(block.nodes, document))],
  ["table", showTable],
  ["image", showImage],
  ["link", showLink],
  ["placeholder", showPlaceholder],
]);

function box(document, tag, name, inside = []) {
  const made = document.createElement(tag);
  made.className = name;
  made.append(...inside);
  return made;
}

function showTable(block, document) {
  const made = box(document, "div", "block-table", rich(block.nodes, document));
  made.tabIndex = 0;
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", `表格：${Number(block.rows) || 0} 行 ${Number(block.columns) || 0} 列`);
  return made;
}

function showImage(block, document) {
  if (!PICTURE.test(block.src)) return showPlaceholder(block, document);
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.alt = words(block.alt);
  if (block.width > 0 && block.height > 0) Object.assign(picture, { width: block.width, height: block.height });
  const sizes = (block.srcset ?? []).filter((size) => PICTURE.test(size.src) && Number.isInteger(size.width));
  if (sizes.length) {
    picture.sizes = WIDEST;
    picture.srcset = sizes.map((size) => `${size.src} ${size.width}w`).join(", ");
  }
  picture.src = block.src;
  return box(document, "figure", "block-image", [picture, ...captioned(block, document)]);
}

function captioned(block, document) {
  return words(block.caption) ? [box(document, "figcaption", "block-caption", [words(block.caption)])] : [];
}

function showLink(block, document) {
  const web = block.target === "web" && /^https:\/\/[^/]/i.test(block.href);
  if (!web && !["article", "site"].includes(block.target)) return null;
  const link = document.createElement(web ? "a" : "button");
  link.className = `block-link block-link-${block.target}`;
  link.append(words(block.text) || words(block.href));
  if (web) {
    Object.assign(link, { href: block.href, rel: "noopener noreferrer", target: "_blank" });
  } else {
    link.type = "button";
    link.addEventListener("click", () => link.dispatchEvent(new document.defaultView.CustomEvent("openlink", {
      bubbles: true, detail: { target: block.target, id: block.id },
    })));
  }
  return link;
}

function showPlaceholder(block, document) {
  const said = box(document, "p", "block-missing-label", ["这里还缺一张图片，请上传"]);
  return box(document, "figure", "block-missing", [said, ...captioned(block, document)]);
}

function rich(nodes, document, depth = 0) {
  if (depth > DEEPEST || !Array.isArray(nodes)) return [];
  return nodes.map((node) => (node?.type === "text" ? decoded(node.text) : element(node, document, depth)))
    .filter((made) => made !== null);
}

function element(node, document, depth) {
  if (typeof node?.name !== "string" || !TAGS.has(node.name)) return null;
  const made = document.createElement(node.name);
  for (const [name, value] of Object.entries(node.attrs ?? {})) {
    if (!ATTRIBUTES.has(name)) continue;
    if (name === "class" ? CLASSES.test(value) : /^\d{1,4}$/.test(value)) made.setAttribute(name, value);
  }
  made.append(...rich(node.children, document, depth + 1));
  return made;
}

const words = (value) => (typeof value === "string" ? value : "");

// `rich-text` reads entities in its texts, and so the server writes an ampersand as one.
const decoded = (text) => words(text).replace(/&(\w{2,4});/g, (written, name) => ENTITIES.get(name) ?? written);
