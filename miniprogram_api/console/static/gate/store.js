// What a gate remembers in this browser: the day's package, what waits to be sent, and whom it let in.

const VERSION = 1;
const DAY_MS = 24 * 60 * 60 * 1000;

export async function openStore(siteId) {
  const database = await settled(indexedDB.open(`gate-${siteId}`, VERSION), (request) => {
    request.result.createObjectStore("bundles", { keyPath: "date" });
    request.result.createObjectStore("queue", { keyPath: "nonce" });
    request.result.createObjectStore("admissions", { keyPath: "nonce" });
  });
  return new Store(database);
}

class Store {
  constructor(database) {
    this.database = database;
  }

  put(name, value) {
    return this.#run(name, "readwrite", (store) => store.put(value));
  }

  remove(name, key) {
    return this.#run(name, "readwrite", (store) => store.delete(key));
  }

  all(name) {
    return this.#run(name, "readonly", (store) => store.getAll());
  }

  // The package of the day replaces those of other days.
  async keepBundle(kept) {
    for (const old of await this.all("bundles")) {
      if (old.date !== kept.date) await this.remove("bundles", old.date);
    }
    await this.put("bundles", kept);
  }

  // What was sent, or counts for nothing any more, goes after a day; what waits stays however long it takes.
  async tidy(now) {
    for (const entry of await this.all("queue")) {
      if (entry.state !== "waiting" && entry.at < now - DAY_MS) await this.remove("queue", entry.nonce);
    }
    for (const admission of await this.all("admissions")) {
      if (admission.at < now - DAY_MS) await this.remove("admissions", admission.nonce);
    }
  }

  // Nobody uses this gate any more. What still waits to be sent, and whom it let in by that, must not be lost.
  async keepWaiting() {
    const waiting = (await this.all("queue")).filter((entry) => entry.state === "waiting").map(({ nonce }) => nonce);
    for (const { date } of await this.all("bundles")) await this.remove("bundles", date);
    for (const name of ["queue", "admissions"]) {
      for (const { nonce } of await this.all(name)) if (!waiting.includes(nonce)) await this.remove(name, nonce);
    }
  }

  close() {
    this.database.close();
  }

  #run(name, mode, act) {
    return settled(act(this.database.transaction(name, mode).objectStore(name)));
  }
}

function settled(request, upgrade) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    if (upgrade) request.onupgradeneeded = () => upgrade(request);
  });
}
