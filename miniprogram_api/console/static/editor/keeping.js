// A copy of what is being written stays in this browser until the server has it: whatever ends the page, the text
// is offered when the article is opened again. It is one person's, and nobody else is offered it.

export class Keeper {
  // Each page that is open keeps a copy of its own: two windows do not take each other's away.
  constructor(article, staff) {
    this.prefix = `article ${article} ${staff} `;
    this.name = this.prefix + crypto.randomUUID();
  }

  // What pages left behind, the newest first; each is dropped by its name once somebody has decided about it.
  found() {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(this.prefix) && name !== this.name)
        .map((name) => ({ ...JSON.parse(localStorage.getItem(name)), name }))
        .sort((one, other) => (one.at < other.at ? 1 : -1));
    } catch {
      return [];
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

  drop(name = this.name) {
    try {
      localStorage.removeItem(name);
    } catch {
      // Where nothing can be kept there is nothing to drop.
    }
  }
}
