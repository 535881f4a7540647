// Elements by name: what is shown is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${byId("editor").dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function button(text, act, look = "outline-primary", attributes = {}) {
  return make("button", { type: "button", ...attributes, class: `btn btn-${look} ${attributes.class ?? ""}`.trim(), onclick: act }, text);
}

let questions = 0;

// A labelled input; `input` is the element that holds the answer.
export function question(label, input, hint = "") {
  input.id ||= `question-${++questions}`;
  const told = hint && make("p", { class: "hint", id: `${input.id}-hint` }, hint);
  if (told) input.setAttribute("aria-describedby", told.id);
  return make("div", { class: "question" }, make("label", { for: input.id }, label), told, input);
}

// A window in front of the page. The promise comes with what `close(value)` was called with, or null.
export function ask(title, fill, { wide = false } = {}) {
  const heading = make("h2", { id: `dialog-title-${++questions}` }, title);
  const box = make("dialog", { class: wide ? "window is-wide" : "window", "aria-labelledby": heading.id });
  return new Promise((resolve) => {
    let answer = null;
    const close = (value = null) => {
      answer = value;
      box.close();
    };
    const away = button(icon("x-lg"), () => close(), "sm window-close", { "aria-label": "关闭" });
    box.append(make("div", { class: "window-head" }, heading, away), ...[fill(close, box)].flat());
    box.addEventListener("close", () => {
      box.remove();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
    (box.querySelector("[autofocus]") ?? box.querySelector("input, textarea, select"))?.focus();
  });
}

export function say(text) {
  const region = byId("said-here");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}
