// Loaded once somebody has left this browser: of what gates keep in it, only what still waits to be sent stays.

import { openStore } from "./gate/store.js";

const GATE = "gate-";

async function forgetPages() {
  for (const name of (await globalThis.caches?.keys()) ?? []) if (name.startsWith("gate ")) await caches.delete(name);
  for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? []) await worker.unregister();
}

async function forgetDays() {
  const kept = (await indexedDB.databases?.()) ?? [];
  for (const { name } of kept.filter((database) => database.name.startsWith(GATE))) {
    const store = await openStore(name.slice(GATE.length));
    await store.keepWaiting();
    store.close();
  }
}

await Promise.all([forgetPages(), forgetDays()]);
