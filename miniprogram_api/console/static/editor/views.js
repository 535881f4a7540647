// How pictures stand in the text that is written, and the places where one is still missing.

import { icon, make } from "./dom.js";

const pictures = new Map();
const missing = new Set();
let acts = {};

export function usePictures(known, own) {
  for (const [id, picture] of Object.entries(known)) pictures.set(id, picture);
  acts = own;
}

export function keepPicture(picture) {
  pictures.set(picture.id, picture);
}

export const pictureOf = (id) => pictures.get(id);

function select(editor, getPos) {
  const at = getPos();
  if (at !== undefined) editor.commands.setNodeSelection(at);
}

export function imageView({ editor, node, getPos }) {
  const image = make("img", { alt: "", draggable: "false" });
  const caption = make("figcaption");
  const lack = make("button", {
    type: "button", class: "lack", onclick: () => { select(editor, getPos); acts.describe(); },
  }, icon("exclamation-triangle"), "请补写替代文字");
  const dom = make("figure", { class: "picture", contenteditable: "false" }, image, caption, lack);
  dom.addEventListener("dblclick", () => acts.describe());

  function draw(shown) {
    const picture = pictures.get(shown.attrs.assetId);
    if (picture) Object.assign(image, { src: picture.src, width: picture.width, height: picture.height });
    else fetchPicture(shown.attrs.assetId, () => draw(shown));
    image.alt = shown.attrs.alt;
    caption.textContent = shown.attrs.caption;
    caption.hidden = !shown.attrs.caption;
    lack.hidden = Boolean(shown.attrs.alt.trim());
  }
  draw(node);
  return framed(dom, "image", draw);
}

export function placeholderView({ editor, node, getPos }) {
  const origin = make("span", { class: "origin" });
  const dom = make("figure", { class: "picture is-missing", contenteditable: "false" },
    icon("image"), make("strong", {}, "请上传图片"), origin,
    make("button", {
      type: "button", class: "btn btn-sm btn-outline-primary", onclick: () => { select(editor, getPos); acts.replace(); },
    }, "上传或选择图片"));

  function draw(shown) {
    origin.textContent = shown.attrs.alt || shown.attrs.origin ? `原图：${shown.attrs.alt || shown.attrs.origin}` : "";
  }
  draw(node);
  return framed(dom, "imagePlaceholder", draw);
}

function framed(dom, type, draw) {
  return {
    dom,
    update(next) {
      if (next.type.name !== type) return false;
      draw(next);
      return true;
    },
    selectNode: () => dom.classList.add("is-selected"),
    deselectNode: () => dom.classList.remove("is-selected"),
    stopEvent: (event) => Boolean(event.target.closest?.("button")),
    ignoreMutation: () => true,
  };
}

// A picture that was pasted from another article of ours is known to the server, not yet to this page.
async function fetchPicture(id, then) {
  if (!id || missing.has(id)) return;
  missing.add(id);
  const picture = await acts.fetch(id).catch(() => null);
  if (!picture) return;
  keepPicture(picture);
  then();
}
