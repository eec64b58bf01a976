/* Opens one workbook without network. Its scope is the workbook's own path: no other page is ever answered from here. It keeps
   nothing by itself; the page puts the shell, which holds nobody's data, into the cache (workbook.js). */

const PLACE = new URL(self.registration.scope).pathname;
const NAME = `workbook:${PLACE}`;
const PATIENCE_SECONDS = 10;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function kept(address) {
  const cache = await caches.open(NAME);
  return cache.match(address, { ignoreVary: true, ignoreSearch: true });
}

async function page(request) {
  const shell = await kept(PLACE);
  if (!shell) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_SECONDS * 1000, null));
  const answer = await Promise.race([fetch(request).catch(() => null), late]);
  return answer && ![502, 503, 504].includes(answer.status) ? answer : shell;
}

async function part(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const found = await kept(request.url);
    if (found) return found;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (address.pathname === PLACE) event.respondWith(page(request));
  } else if (["style", "script", "image"].includes(request.destination)) {
    event.respondWith(part(request));
  }
});
