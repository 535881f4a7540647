// The part of a picture that stays: drawn with the pointer, or written in numbers.

import { icon, make } from "./dom.js";

const RATIOS = { "随意": 0, "16:9": 16 / 9, "4:3": 4 / 3, "1:1": 1 };
const LEAST = 32;

// `inputs` are those of a form that is there; without them they are made.
export function cutter(picture, inputs = null) {
  const { width, height } = picture;
  let part = { left: 0, top: 0, width, height };
  let ratio = 0;
  const image = make("img", { src: picture.src, alt: picture.alt, draggable: "false" });
  const frame = make("div", { class: "cut-frame" });
  const stage = make("div", { class: "cut-stage" }, image, frame);
  const size = make("p", { class: "hint", role: "status" });
  const numbers = Object.fromEntries([["left", "左边"], ["top", "上边"], ["width", "宽"], ["height", "高"]].map(([name, label]) => {
    const input = inputs?.[name] ?? make("input", { type: "number", class: "form-control", id: `cut-${name}`, min: "0", step: "1", inputmode: "numeric" });
    input.addEventListener("change", () => set({ ...part, [name]: Number(input.value) || 0 }, name));
    return [name, { input, shown: inputs ? null : make("div", { class: "question" }, make("label", { for: input.id }, label), input) }];
  }));

  // Within the picture, not smaller than can be shown, in the proportion that was chosen.
  function set(next, changed = "") {
    let { left, top, width: w, height: h } = next;
    w = Math.min(Math.max(w, Math.min(LEAST, width)), width);
    h = Math.min(Math.max(h, Math.min(LEAST, height)), height);
    if (ratio) {
      if (changed === "height") w = Math.min(h * ratio, width);
      h = w / ratio;
      if (h > height) [w, h] = [height * ratio, height];
    }
    left = Math.min(Math.max(left, 0), width - w);
    top = Math.min(Math.max(top, 0), height - h);
    part = { left: Math.floor(left), top: Math.floor(top), width: Math.floor(w), height: Math.floor(h) };
    draw();
  }

  function draw() {
    const percent = (value, of) => `${(value / of) * 100}%`;
    Object.assign(frame.style, {
      left: percent(part.left, width), top: percent(part.top, height), width: percent(part.width, width), height: percent(part.height, height),
    });
    for (const [name, { input }] of Object.entries(numbers)) input.value = part[name];
    size.textContent = `裁剪后 ${part.width} × ${part.height} 像素（原图 ${width} × ${height}）`;
  }

  let start = null;
  const pointAt = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * width, y: ((event.clientY - box.top) / box.height) * height };
  };
  stage.addEventListener("pointerdown", (event) => {
    const at = pointAt(event);
    const isInside = event.target === frame && (part.width < width || part.height < height);
    start = { at, part: { ...part }, moves: isInside };
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!start) return;
    const at = pointAt(event);
    if (start.moves) set({ ...start.part, left: start.part.left + at.x - start.at.x, top: start.part.top + at.y - start.at.y });
    else {
      set({
        left: Math.min(at.x, start.at.x), top: Math.min(at.y, start.at.y),
        width: Math.abs(at.x - start.at.x), height: Math.abs(at.y - start.at.y),
      });
    }
  });
  stage.addEventListener("pointerup", () => { start = null; });

  const ratios = make("div", { class: "choices choices-inline" }, Object.entries(RATIOS).map(([name, value]) => {
    const radio = make("input", { type: "radio", class: "form-check-input", name: "cut-ratio", checked: value === 0 });
    radio.addEventListener("change", () => { ratio = value; set({ ...part }); });
    return make("label", { class: "choice" }, radio, name);
  }));
  if (inputs) set(Object.fromEntries(Object.entries(numbers).map(([name, { input }]) => [name, Number(input.value) || 0])));
  else draw();
  return {
    parts: [
      make("p", { class: "hint" }, icon("crop"), " 在图上拖动画出要保留的部分，或者填写数字。"), stage,
      make("fieldset", { class: "question" }, make("legend", {}, "比例"), ratios),
      inputs ? "" : make("div", { class: "cut-numbers" }, Object.values(numbers).map(({ shown }) => shown)), size,
    ].filter(Boolean),
    area: () => part,
  };
}
