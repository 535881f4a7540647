// What is written reaches the server by itself, a moment after the last key; until then it is kept here.

import * as api from "./api.js";

// Each save is a version: one for each pause, and one now and then while somebody types on and on.
const SETTLED_MS = 3000;
const AT_MOST_MS = 20_000;
const KEEP_MS = 300;
const AGAIN_MS = 5000;

// `read` tells the draft, `tell(state, detail)` shows how far it is: unsaved, saving, saved, offline, refused,
// signed-out, conflict. While somebody decides about a conflict nothing is sent.
export class Saver {
  constructor({ url, tab, base, draft, read, keeper, tell, onSaved, isBusy }) {
    Object.assign(this, { url, tab, base, read, keeper, tell, onSaved, isBusy });
    this.saved = JSON.stringify(draft);
    this.savedDraft = draft;
    this.firstChange = 0;
    this.isHeld = false;
    this.sending = null;
    addEventListener("online", () => this.isUnsaved && this.flush());
    addEventListener("pagehide", () => this.keepNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.isUnsaved) {
        this.keepNow();
        this.flush();
      }
    });
  }

  get isUnsaved() {
    return JSON.stringify(this.read()) !== this.saved;
  }

  changed() {
    clearTimeout(this.keepTimer);
    this.keepTimer = setTimeout(() => this.keepNow(), KEEP_MS);
    this.firstChange ||= Date.now();
    if (!this.isHeld && !this.sending) this.tell("unsaved");
    this.#plan(Math.max(0, Math.min(SETTLED_MS, this.firstChange + AT_MOST_MS - Date.now())));
  }

  keepNow() {
    if (!this.isUnsaved) return true;
    return this.keeper.keep(this.read(), this.base);
  }

  // Sends at once what is not sent yet; comes with whether the server has everything.
  async flush({ autosaved = true } = {}) {
    clearTimeout(this.timer);
    while (this.sending) await this.sending;
    if (this.isHeld) return false;
    if (!this.isUnsaved) {
      this.#settle();
      return true;
    }
    this.sending = this.#send(autosaved);
    const isSaved = await this.sending;
    return isSaved && !this.isUnsaved ? true : isSaved && this.flush({ autosaved });
  }

  // A decision about two texts: what was decided on top of which revision.
  async resolve(base) {
    this.isHeld = false;
    this.base = base;
    this.saved = "";
    return this.flush({ autosaved: false });
  }

  #plan(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.isBusy()) this.#plan(SETTLED_MS); // in the middle of a word of the input method
      else this.flush();
    }, wait);
  }

  async #send(autosaved) {
    const draft = this.read();
    const text = JSON.stringify(draft);
    this.firstChange = 0;
    this.keepNow();
    this.tell("saving");
    try {
      const answer = await api.post(this.url, { base: this.base, tab: this.tab, autosaved, draft });
      Object.assign(this, { base: answer.number, saved: text, savedDraft: draft });
      this.onSaved(answer);
      this.#settle(answer);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    } finally {
      this.sending = null;
    }
  }

  #settle(answer) {
    if (this.isUnsaved) return this.changed();
    clearTimeout(this.keepTimer);
    this.keeper.drop();
    return answer && this.tell("saved", answer);
  }

  #fail(error) {
    if (error instanceof api.NoLine) {
      this.tell("offline");
      this.#plan(AGAIN_MS);
    } else if (error instanceof api.SignedOut) {
      this.tell("signed-out");
      this.#plan(AGAIN_MS * 2);
    } else if (error instanceof api.Refused && error.code === "content.version_conflict") {
      this.isHeld = true;
      this.tell("conflict", error.answer);
    } else {
      this.tell("refused", error);
    }
  }
}
