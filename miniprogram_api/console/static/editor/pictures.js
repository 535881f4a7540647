// Pictures: chosen from the library or uploaded with what they show in words, described, cut.

import * as api from "./api.js";
import { ask, button, icon, make, question, say } from "./dom.js";
import { cutter } from "./crop.js";
import { later } from "./links.js";
import { keepPicture, pictureOf } from "./views.js";

const TYPES = ["image/jpeg", "image/png", "image/webp"];
const MOST_BYTES = 10 * 1024 * 1024;
const LICENCES = ["本单位拍摄或绘制", "已获作者授权", "公共领域（CC0）", "知识共享 署名（CC BY）", "其他，见来源"];
const SOON_MS = 250;
const ALT_HINT = "给看不到图片的人听：图里有什么。例如：湖岸的光伏长廊。";

let place = "";

// Whose desk a new picture belongs to: that of the article.
export function usePlace(value) {
  place = value;
}

// One question for each file: what it shows. It is sent when that is answered, and the line may fail without loss.
export async function uploadPicture(file, urls, { alt = "", caption = "", withCaption = true } = {}) {
  return ask("上传图片", (close, box) => uploadForm({ file, alt, caption, urls, close, box, withCaption }));
}

function uploadForm({ file, alt, caption, urls, close, box, withCaption }) {
  const chosen = { file };
  const look = make("img", { class: "look", alt: "将要上传的图片", hidden: !file });
  const words = make("input", { class: "form-control", maxlength: "120", value: alt, required: true, autofocus: Boolean(file) });
  const below = make("input", { class: "form-control", maxlength: "200", value: caption });
  const source = make("input", { class: "form-control", maxlength: "120" });
  const licence = make("select", { class: "form-select" }, LICENCES.map((name) => make("option", {}, name)));
  const input = make("input", { class: "form-control", type: "file", accept: TYPES.join(",") });
  const progress = make("progress", { class: "bar upload-bar", max: "1", value: "0", "aria-label": "上传进度" });
  const state = make("p", { class: "upload-state", hidden: true }, progress, make("span"));
  const wrong = make("p", { class: "field-error", role: "alert", hidden: true });
  const send = button("上传并插入", () => run(), "primary");
  const fail = (text) => {
    wrong.textContent = text;
    wrong.hidden = false;
    state.hidden = true;
    send.disabled = false;
  };
  const take = (next) => {
    chosen.file = next;
    wrong.hidden = true;
    look.hidden = !next;
    if (next) look.src = URL.createObjectURL(next);
  };
  input.addEventListener("change", () => take(input.files[0]));
  if (file) take(file);
  box.addEventListener("close", () => URL.revokeObjectURL(look.src));

  async function run() {
    const fault = faultOf(chosen.file) ?? (words.value.trim() ? null : "请用一句话说明图里有什么。");
    if (fault) return fail(fault);
    send.disabled = true;
    wrong.hidden = true;
    state.hidden = false;
    const told = state.querySelector("span");
    const show = (part) => {
      progress.value = part;
      told.textContent = part < 1 ? `正在上传 ${Math.round(part * 100)}%` : "正在处理图片…";
    };
    show(0);
    try {
      const picture = await api.upload(urls.upload, {
        file: chosen.file, alt: words.value.trim(), source: source.value.trim(), licence: licence.value, place,
      }, show);
      keepPicture(picture);
      say("图片已上传");
      return close({ picture, alt: words.value.trim(), caption: below.value.trim() });
    } catch (error) {
      send.textContent = "重试";
      return fail(error instanceof api.NoLine ? "没有连上服务器，图片还没有上传，请重试。" : say401(error));
    }
  }
  return [
    file ? null : question("图片文件", input, "JPEG、PNG 或 WebP，不超过 10 MB。拍摄地点等隐藏信息会去掉。"),
    look, question("替代文字", words, ALT_HINT),
    withCaption && question("图片下方的说明（选填）", below),
    make("div", { class: "two-questions" }, question("版权", licence), question("来源（选填）", source)),
    wrong, state, make("div", { class: "button-row form-end" }, send, button("取消", () => close())),
  ].filter(Boolean);
}

const say401 = (error) => (error instanceof api.SignedOut ? "登录已失效，请在新窗口登录后重试。" : error.message);

function faultOf(file) {
  if (!file) return "请选择一张图片。";
  if (file.type && !TYPES.includes(file.type)) return "只支持 JPEG、PNG 和 WebP 图片。";
  return file.size > MOST_BYTES ? "图片超过 10 MB，请压缩后再上传。" : null;
}

// The library, newest first; one that is new can be added on the spot.
export async function choosePicture(urls, { title = "选择图片", withCaption = true, alt = "" } = {}) {
  const answer = await ask(title, (close) => {
    const search = make("input", { class: "form-control", type: "search", placeholder: "按标题或替代文字查找", autocomplete: "off" });
    const grid = make("ul", { class: "picture-grid", "aria-live": "polite" });
    const look = later(async () => {
      const found = await api.get(urls.assets, { q: search.value.trim() }).catch(() => null);
      if (!found) return grid.replaceChildren(make("li", { class: "hint" }, "没有连上服务器，请稍后再试。"));
      return grid.replaceChildren(...(found.items.length ? found.items.map((picture) => make("li", {},
        make("button", { type: "button", class: "picture-choice", onclick: () => close({ picture }) },
          make("img", { src: picture.thumb, alt: "", loading: "lazy", width: picture.width, height: picture.height }),
          make("span", {}, picture.title || picture.alt)))) : [make("li", { class: "hint" }, "素材库里还没有这样的图片。")]));
    }, SOON_MS);
    search.addEventListener("input", look);
    setTimeout(look);
    return [
      make("div", { class: "library-head" }, question("查找素材", search),
        button([icon("upload"), "上传新图片"], () => close({ upload: true }), "primary")), grid,
    ];
  }, { wide: true });
  if (!answer) return null;
  if (answer.upload) return uploadPicture(null, urls, { withCaption, alt });
  keepPicture(answer.picture);
  return { picture: answer.picture, alt: answer.picture.alt, caption: "" };
}

export function describePicture({ alt, caption }) {
  return ask("图片的文字", (close) => {
    const words = make("textarea", { class: "form-control", maxlength: "120", rows: "2", autofocus: true });
    const below = make("input", { class: "form-control", maxlength: "200", value: caption });
    words.value = alt;
    return [
      question("替代文字", words, ALT_HINT), question("图片下方的说明（选填）", below),
      make("div", { class: "button-row form-end" },
        button("完成", () => close({ alt: words.value.trim(), caption: below.value.trim() }), "primary"),
        button("取消", () => close())),
    ];
  });
}

export function cropPicture(id, urls) {
  const picture = pictureOf(id);
  return picture && ask("裁剪图片", (close) => {
    const { parts, area } = cutter(picture);
    const wrong = make("p", { class: "field-error", role: "alert", hidden: true });
    const send = button("裁剪并使用", run, "primary");
    async function run() {
      send.disabled = true;
      try {
        const cut = await api.postForm(urls.crop.replace(urls.nobody, id), area());
        keepPicture(cut);
        close(cut);
      } catch (error) {
        wrong.textContent = error instanceof api.NoLine ? "没有连上服务器，请重试。" : say401(error);
        wrong.hidden = false;
        send.disabled = false;
      }
    }
    return [...parts, wrong, make("p", { class: "hint" }, "裁剪后另存为一张新图片，原图保留在素材库。"),
      make("div", { class: "button-row form-end" }, send, button("取消", () => close()))];
  }, { wide: true });
}
