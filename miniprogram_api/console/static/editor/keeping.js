// A copy of what is being written stays in this browser until the server has it: whatever ends the page, the text
// is offered when the article is opened again. It is one person's, and nobody else is offered it.

const nameOf = (article, staff) => `article ${article} ${staff}`;

export class Keeper {
  constructor(article, staff) {
    this.name = nameOf(article, staff);
  }

  // What was left behind, before anything new takes its place.
  found() {
    try {
      return JSON.parse(localStorage.getItem(this.name));
    } catch {
      return null;
    }
  }

  // Whether it could be kept: a browser may have no room, or give none.
  keep(draft, base) {
    try {
      localStorage.setItem(this.name, JSON.stringify({ draft, base, at: new Date().toISOString() }));
      return true;
    } catch {
      return false;
    }
  }

  drop() {
    try {
      localStorage.removeItem(this.name);
    } catch {
      // Where nothing can be kept there is nothing to drop.
    }
  }
}
