// The closed list of what a text is made of, as the server checks it. Nothing else can be written or pasted.

import {
  Blockquote, Bold, BulletList, Document, Dropcursor, Extension, Gapcursor, HardBreak, Heading, Italic, ListItem,
  ListKeymap, Mark, Node, OrderedList, Paragraph, Placeholder, Table, TableCell, TableHeader, TableRow, Text,
  UndoRedo, mergeAttributes,
} from "../vendor/tiptap.min.js";
import { imageView, placeholderView } from "./views.js";

export const TONES = { info: "说明", tip: "提示", warning: "注意" };
const FLOW = "(paragraph | list)+";
const HREF = /^(https:\/\/[^\s"<>\\]+|(article|site):[0-9a-f]{8}-[0-9a-f-]{27})$/;

export const isHref = (href) => HREF.test(href ?? "");

const Link = Mark.create({
  name: "link",
  inclusive: false,
  addAttributes: () => ({ href: { default: "" } }),
  parseHTML: () => [{ tag: "a[href]", getAttrs: (a) => (isHref(a.getAttribute("href")) ? null : false) }],
  renderHTML: ({ HTMLAttributes }) => ["a", HTMLAttributes, 0],
});

const Callout = Node.create({
  name: "callout",
  group: "block",
  content: FLOW,
  defining: true,
  addAttributes: () => ({
    tone: {
      default: "info",
      parseHTML: (element) => (element.dataset.tone in TONES ? element.dataset.tone : "info"),
      renderHTML: ({ tone }) => ({ "data-tone": tone, "aria-label": TONES[tone] }),
    },
  }),
  parseHTML: () => [{ tag: "aside[data-tone]" }],
  renderHTML: ({ HTMLAttributes }) => ["aside", mergeAttributes(HTMLAttributes, { role: "note" }), 0],
});

const said = (name, key = name) => ({
  default: "",
  parseHTML: (element) => element.dataset[key] ?? "",
  renderHTML: (attributes) => ({ [`data-${key}`]: attributes[name] }),
});

const Picture = Node.create({
  name: "image",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes: () => ({
    assetId: { ...said("assetId", "asset") },
    alt: said("alt"),
    caption: said("caption"),
  }),
  parseHTML: () => [{ tag: "figure[data-asset]" }],
  renderHTML: ({ HTMLAttributes }) => ["figure", HTMLAttributes],
  addNodeView: () => imageView,
});

const ImagePlaceholder = Node.create({
  name: "imagePlaceholder",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes: () => ({ origin: said("origin"), alt: said("alt") }),
  parseHTML: () => [{ tag: "figure[data-origin]" }],
  renderHTML: ({ HTMLAttributes }) => ["figure", HTMLAttributes],
  addNodeView: () => placeholderView,
});

// The console's policy allows no style in markup, so a table is a table and nothing more.
const PlainTable = Table.extend({ renderHTML: () => ["table", ["tbody", 0]] });

const Shortcuts = Extension.create({
  name: "shortcuts",
  addOptions: () => ({ keys: {} }),
  addKeyboardShortcuts() {
    return Object.fromEntries(Object.entries(this.options.keys).map(([key, act]) => [key, () => act() !== false]));
  },
});

export function extensions(keys) {
  return [
    Document, Paragraph, Text, HardBreak, Bold, Italic, Link, Blockquote.extend({ content: FLOW }), Callout,
    Heading.configure({ levels: [2, 3] }),
    BulletList, OrderedList, ListItem.extend({ content: "paragraph (paragraph | list)*" }), ListKeymap,
    Picture, ImagePlaceholder,
    PlainTable.configure({ resizable: false, View: null }), TableRow,
    TableHeader.extend({ content: FLOW }), TableCell.extend({ content: FLOW }),
    UndoRedo, Gapcursor, Dropcursor.configure({ class: "drop-here", color: false }),
    Placeholder.configure({ placeholder: "从这里开始写……" }),
    Shortcuts.configure({ keys }),
  ];
}

// What the server knows of each node; what else the library keeps in its nodes stays in the browser.
const ATTRIBUTES = {
  heading: ["level"], orderedList: ["start"], image: ["assetId", "alt", "caption"], imagePlaceholder: ["origin", "alt"],
  tableHeader: ["colspan", "rowspan"], tableCell: ["colspan", "rowspan"], callout: ["tone"], link: ["href"],
};

export function documentOf(editor) {
  const made = plain(editor.getJSON());
  const blocks = made.content ?? [];
  while (blocks.length && isEmpty(blocks.at(-1))) blocks.pop();
  return { type: "doc", content: blocks };
}

// A document in the one spelling in which two of them can be compared.
export const spelled = (document) => plain(document ?? { type: "doc" });

const isEmpty = (node) => node.type === "paragraph" && !node.content?.length;

function plain(node) {
  const made = { type: node.type };
  const names = ATTRIBUTES[node.type] ?? [];
  if (names.length) made.attrs = Object.fromEntries(names.map((name) => [name, node.attrs?.[name]]));
  if (node.text !== undefined) made.text = node.text;
  if (node.marks?.length) made.marks = node.marks.map(plain);
  if (node.content?.length) made.content = node.content.map(plain);
  return made;
}

export function shown(document) {
  return document?.content?.length ? document : { type: "doc", content: [{ type: "paragraph" }] };
}
