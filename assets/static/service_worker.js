// Keeps the lab where it was opened once: later it opens without a network. `self.KEPT` names its files; another
// build has another name, and takes the place of the one before.
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(self.KEPT.name).then((cache) => cache.addAll(self.KEPT.files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    const names = await caches.keys();
    await Promise.all(
      names
        .filter((name) => name.startsWith("lab-") && name !== self.KEPT.name)
        .map((name) => caches.delete(name)),
    );
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== self.location.origin) return;
  const found = async () =>
    (await caches.match(event.request, { ignoreSearch: true })) ?? fetch(event.request);
  event.respondWith(found());
});
