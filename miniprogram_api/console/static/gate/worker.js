// Keeps the gate page for a day without a network: the page, its scripts and styles, and nothing else.
// Files with their hash in the address come from what is kept; everything else from the network if there is one.

const CACHE = `gate ${self.registration.scope}`;
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  if (event.data.keep) event.waitUntil(keep(event.data.keep).then((kept) => event.source.postMessage({ kept })));
});

async function keep(addresses) {
  const cache = await caches.open(CACHE);
  const wanted = new Set(addresses.map((address) => new URL(address, self.location).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  const kept = await Promise.all([...wanted].map((address) => keepOne(cache, address)));
  return kept.every(Boolean);
}

async function keepOne(cache, address) {
  if (isVersioned(address) && (await cache.match(address))) return true;
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    if (response.ok && !response.redirected) await cache.put(address, response);
  } catch {
    // what was kept before still serves
  }
  return Boolean(await cache.match(address));
}

const isVersioned = (address) => new URL(address).searchParams.has("v");

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  const isPage = request.mode === "navigate" && address.pathname === new URL(self.registration.scope).pathname;
  if (isPage || address.pathname.startsWith("/console/static/")) event.respondWith(answer(request));
});

async function answer(request) {
  const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: request.mode === "navigate" });
  if (kept && isVersioned(request.url)) return kept;
  if (!kept) return fetch(request);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return fetch(request, { signal }).catch(() => kept);
}
