// Everything of an article that is not its body: read from the controls of the page and written into them.

import * as api from "./api.js";
import { ask, button, icon, make, question } from "./dom.js";
import { later } from "./links.js";
import { pictureOf } from "./views.js";

const TEXTS = ["title", "summary", "kind", "content_class", "audience", "byline", "source_name", "source_url"];

export class Fields {
  constructor(form, { onChange, names, urls }) {
    Object.assign(this, { form, onChange, names, urls, cover: null, sites: [] });
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("change", () => this.#changed());
    form.elements.title.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      form.elements.summary.focus();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector("#add-site")?.addEventListener("click", () => this.#addSite());
    form.querySelector("#drop-cover")?.addEventListener("click", () => this.setCover(null));
  }

  read() {
    const values = Object.fromEntries(TEXTS.map((name) => [name, this.form.elements[name].value.trim()]));
    values.title = values.title.replace(/\s*\n\s*/g, " "); // shown on several lines where it is long, it is one
    return {
      ...values,
      cover_asset_id: this.cover,
      topic_ids: [...this.form.querySelectorAll("[name=topic_ids]:checked")].map((box) => box.value),
      site_ids: [...this.sites],
      technologies: [...new Set(this.form.elements.technologies.value.split(/[,，、;；\n]/).map((word) => word.trim()).filter(Boolean))],
    };
  }

  write(draft) {
    for (const name of TEXTS) this.form.elements[name].value = draft[name] ?? "";
    for (const box of this.form.querySelectorAll("[name=topic_ids]")) box.checked = draft.topic_ids.includes(box.value);
    this.form.elements.technologies.value = draft.technologies.join("、");
    this.sites = [...draft.site_ids];
    this.cover = draft.cover_asset_id;
    this.#draw();
  }

  setCover(id) {
    this.cover = id;
    this.#changed();
  }

  #changed() {
    this.#draw();
    this.onChange();
  }

  #draw() {
    const picture = this.cover && pictureOf(this.cover);
    const look = this.form.querySelector("#cover-look");
    look.hidden = !picture;
    if (picture && look.getAttribute("src") !== picture.src) Object.assign(look, { src: picture.src, alt: `封面：${picture.alt}` });
    this.form.querySelector("#drop-cover").hidden = !this.cover;
    for (const counter of this.form.querySelectorAll("[data-counts]")) {
      const input = this.form.elements[counter.dataset.counts];
      counter.textContent = `${input.value.length}/${input.maxLength}`;
    }
    this.form.querySelector("#site-list").replaceChildren(...this.sites.map((id) => make("li", {},
      make("span", {}, this.names[id] ?? "示范点"),
      make("button", {
        type: "button", class: "btn btn-sm btn-outline-primary", "aria-label": `移除：${this.names[id] ?? "示范点"}`,
        onclick: () => { this.sites = this.sites.filter((site) => site !== id); this.#changed(); },
      }, icon("x-lg")))));
  }

  async #addSite() {
    const site = await ask("相关示范点", (close) => {
      const search = make("input", { class: "form-control", type: "search", placeholder: "输入名称的一部分", autocomplete: "off" });
      const results = make("ul", { class: "choices-list", "aria-live": "polite" });
      const look = later(async () => {
        const found = await api.get(this.urls.sites, { q: search.value.trim() }).catch(() => null);
        results.replaceChildren(...(found?.items ?? []).map((item) => make("li", {},
          button([make("strong", {}, item.name), make("span", { class: "hint" }, item.note)], () => close(item), "outline-primary", { class: "choice-row" }))));
        if (!results.children.length) results.append(make("li", { class: "hint" }, found ? "没有找到，换个词试试。" : "没有连上服务器，请稍后再试。"));
      }, 250);
      search.addEventListener("input", look);
      setTimeout(look);
      return [question("查找", search), results];
    });
    if (!site || this.sites.includes(site.id)) return;
    this.names[site.id] = site.name;
    this.sites.push(site.id);
    this.#changed();
  }
}
