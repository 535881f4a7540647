// What the editor of articles takes of TipTap and ProseMirror: the closed list of nodes needs no more.

export { Editor, Extension, Mark, Node, mergeAttributes } from "@tiptap/core";
export { Blockquote } from "@tiptap/extension-blockquote";
export { Bold } from "@tiptap/extension-bold";
export { Document } from "@tiptap/extension-document";
export { HardBreak } from "@tiptap/extension-hard-break";
export { Heading } from "@tiptap/extension-heading";
export { Italic } from "@tiptap/extension-italic";
export { BulletList, ListItem, ListKeymap, OrderedList } from "@tiptap/extension-list";
export { Paragraph } from "@tiptap/extension-paragraph";
export { Table, TableCell, TableHeader, TableRow } from "@tiptap/extension-table";
export { Text } from "@tiptap/extension-text";
export { Dropcursor, Gapcursor, Placeholder, TrailingNode, UndoRedo } from "@tiptap/extensions";
export { Plugin, PluginKey } from "@tiptap/pm/state";
export { Decoration, DecorationSet } from "@tiptap/pm/view";
