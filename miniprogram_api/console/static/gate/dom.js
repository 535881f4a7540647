// Elements by name: what is shown is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const sprite = document.getElementById("main").dataset.icons;

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
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

// Replace what stands in an element; a control that had the focus and is still there keeps it.
export function show(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== ""));
  if (focused) byId(focused)?.focus({ preventScroll: true });
}

// A whole number with a button on either side.
export function stepper({ id, label, value, least, most }) {
  const input = make("input", {
    id, type: "number", inputmode: "numeric", class: "form-control", min: least, max: most, value, required: true,
  });
  const step = (by, name, sign) => make("button", {
    type: "button", class: "btn btn-outline-primary", "aria-label": `${label}${name}`,
    onclick: () => {
      input.value = Math.min(most, Math.max(least, (Number(input.value) || least) + by));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    },
  }, icon(sign));
  return make("div", { class: "stepper" }, make("label", { for: id }, label),
    make("div", {}, step(-1, "减一", "dash-lg"), input, step(1, "加一", "plus-lg")));
}
