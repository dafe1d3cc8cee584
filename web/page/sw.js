// Keeps the page for when there is no network. What is kept is shown at once, and renewed behind it for the next time.
const NAME = "dabnet";
const FILES = [
  "./", "style.css", "app.js", "board.js", "game.js", "guesses.js", "inside.js", "models.js", "manifest.webmanifest",
  "icon.svg", "icon-192.png", "icon-512.png",
  "dabnet/client.js", "dabnet/loading.js", "dabnet/recognizer.js", "dabnet/strokes.js", "dabnet/worker.js",
  "models/index.json",
];
// A module of one function that makes a vector: valid where the browser knows vectors.
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

async function install() {
  const cache = await caches.open(NAME);
  const code = WebAssembly.validate(new Uint8Array(VECTORS)) ? "dabnet/dabnet.wasm" : "dabnet/dabnet-scalar.wasm";
  await cache.addAll([...FILES, code]);
  const models = await (await cache.match("models/index.json")).json();
  await cache.addAll(models.map(({ url }) => url));
  await self.skipWaiting();
}

async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: true });
  const fresh = fetch(request).then((response) => {
    if (response.ok) cache.put(request, response.clone());
    return response;
  });
  if (!kept) return fresh;
  fresh.catch(() => {});
  return kept;
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOwn = url.origin === location.origin && url.pathname.startsWith(new URL("./", location).pathname);
  if (event.request.method === "GET" && isOwn && !/\/(v1|v2|metrics|openapi\.json)(\/|$)/.test(url.pathname)) event.respondWith(answer(event.request));
});
