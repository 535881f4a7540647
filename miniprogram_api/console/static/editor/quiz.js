// Questions on an article. A question has several options, of which one or more are right.

import { button, icon, make, question } from "./dom.js";

const FIRST = ["a", "b", "c", "d"];

export class Quiz {
  constructor(place, onChange) {
    this.place = place;
    this.onChange = onChange;
    this.questions = [];
  }

  read() {
    return structuredClone(this.questions);
  }

  write(quiz) {
    this.questions = structuredClone(quiz);
    this.#draw();
  }

  #change(act, { redraw = true } = {}) {
    act();
    if (redraw) this.#draw();
    this.onChange();
  }

  #draw() {
    const focused = document.activeElement?.id;
    this.place.replaceChildren(
      ...this.questions.map((asked, at) => this.#question(asked, at)),
      button([icon("plus-lg"), "添加一道题"], () => this.#change(() => {
        const id = free("q", this.questions);
        this.questions.push({ id, text: "", options: FIRST.slice(0, 2).map((option) => ({ id: option, text: "" })), right: [], explanation: "" });
        setTimeout(() => this.place.querySelector(`#quiz-${id}-text`)?.focus());
      }), "outline-primary", { id: "add-question" }),
    );
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  #question(asked, at) {
    const name = `第 ${at + 1} 题`;
    const text = this.#input(`quiz-${asked.id}-text`, asked.text, "200", (value) => { asked.text = value; });
    const why = this.#input(`quiz-${asked.id}-why`, asked.explanation, "300", (value) => { asked.explanation = value; });
    const options = asked.options.map((option, place) => this.#option(asked, option, `${name}选项 ${place + 1}`));
    return make("fieldset", { class: "quiz-question" },
      make("legend", {}, name), question("题目", text),
      make("p", { class: "hint" }, "勾选正确的选项，可以多选。"), make("ul", { class: "quiz-options" }, options),
      button([icon("plus-lg"), "添加选项"], () => this.#change(() => asked.options.push({ id: free("", asked.options), text: "" })), "sm btn-outline-primary", { id: `quiz-${asked.id}-add` }),
      question("答案解析", why, "答完后显示，说明为什么。"),
      button(`删除${name}`, () => this.#change(() => this.questions.splice(at, 1)), "sm btn-outline-danger"));
  }

  #option(asked, option, name) {
    const tick = make("input", { type: "checkbox", class: "form-check-input", "aria-label": `${name}是正确答案`, id: `quiz-${asked.id}-${option.id}-right`, checked: asked.right.includes(option.id) });
    tick.addEventListener("change", () => this.#change(() => {
      const right = new Set(asked.right);
      if (tick.checked) right.add(option.id);
      else right.delete(option.id);
      asked.right = asked.options.map(({ id }) => id).filter((id) => right.has(id));
    }, { redraw: false }));
    const text = this.#input(`quiz-${asked.id}-${option.id}`, option.text, "100", (value) => { option.text = value; });
    text.setAttribute("aria-label", name);
    return make("li", {}, tick, text, asked.options.length > 2 && button(icon("x-lg"), () => this.#change(() => {
      asked.options.splice(asked.options.indexOf(option), 1);
      asked.right = asked.right.filter((id) => id !== option.id);
    }), "sm btn-outline-primary", { "aria-label": `删除${name}` }));
  }

  #input(id, value, most, set) {
    const input = make("input", { class: "form-control", id, value, maxlength: most });
    input.addEventListener("input", () => this.#change(() => set(input.value.trim()), { redraw: false }));
    return input;
  }
}

function free(prefix, taken) {
  const ids = new Set(taken.map(({ id }) => id));
  for (let number = 0; ; number++) {
    const id = prefix ? `${prefix}${number + 1}` : String.fromCharCode(97 + number);
    if (!ids.has(id)) return id;
  }
}
