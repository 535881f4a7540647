// The text as a telephone shows it, by the renderer that the mini-program has too.

import { renderBlocks } from "../blocks.js";
import * as api from "./api.js";
import { ask, make } from "./dom.js";

export function previewArticle(url, draft) {
  return ask("手机预览", () => {
    const screen = make("div", { class: "phone-screen", tabindex: "0", role: "region", "aria-label": "文章在手机上的样子" },
      make("p", { class: "hint" }, "正在生成预览…"));
    const phone = make("div", { class: "phone" }, screen);
    const large = make("input", { type: "checkbox", class: "form-check-input" });
    large.addEventListener("change", () => phone.classList.toggle("is-large", large.checked));
    fill(screen, url, draft);
    return [make("label", { class: "choice" }, large, "长辈版大字"), phone];
  });
}

async function fill(screen, url, draft) {
  const shown = await api.post(url, { draft }).catch((error) => error);
  if (shown instanceof Error) {
    screen.replaceChildren(make("p", { class: "field-error" }, shown instanceof api.NoLine ? "没有连上服务器，暂时不能预览。" : shown.message));
    return;
  }
  const body = make("div", { class: "phone-body" });
  body.append(renderBlocks(shown.blocks));
  screen.replaceChildren(
    ...[shown.cover && make("img", { class: "phone-cover", src: shown.cover.src, alt: shown.cover.alt, width: shown.cover.width, height: shown.cover.height }),
      make("h3", { class: "phone-title" }, draft.title || "（还没有标题）"),
      make("p", { class: "phone-meta" }, [draft.byline, draft.source_name && `来源：${draft.source_name}`].filter(Boolean).join("　")),
      body].filter(Boolean));
}
