// Keeps the page for when there is no network.
const NAME = "dabnet";
const FILES = [
  "./", "style.css", "app.js", "board.js", "game.js", "guesses.js", "inside.js", "models.js", "words.js", "manifest.webmanifest",
  "icon.svg", "icon-192.png", "icon-512.png",
  "dabnet/client.js", "dabnet/loading.js", "dabnet/micro.js", "dabnet/recognizer.js", "dabnet/strokes.js", "dabnet/worker.js",
  "dabnet/micro.wasm", "models/first.bin", "models/index.json",
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

/** A file of the page by its place in it, whatever is asked of it; nothing for what is none. */
function place(address) {
  const url = new URL(address);
  const scope = new URL("./", location);
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return undefined;
  const path = url.pathname.slice(scope.pathname.length).replace(/^(index\.html)?$/, "./");
  return FILES.includes(path) || /^(dabnet|models)\//.test(path) ? path : undefined;
}

/** What the server says, which is kept; what was kept, where it says nothing. */
async function answer(event, path) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(keep(cache, path, response.clone()));
    return response;
  } catch (error) {
    const kept = await cache.match(path);
    if (kept) return kept;
    throw error;
  }
}

async function keep(cache, path, response) {
  if (path === "models/index.json") await forget(cache, await response.clone().json());
  await cache.put(path, response);
}

/** Models that are listed no more. */
async function forget(cache, models) {
  const listed = models.map(({ url }) => new URL(url, location).href);
  const kept = (await cache.keys()).filter(({ url }) => url.endsWith(".safetensors") && !listed.includes(url));
  await Promise.all(kept.map((request) => cache.delete(request)));
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = event.request.method === "GET" ? place(event.request.url) : undefined;
  if (path !== undefined) event.respondWith(answer(event, path));
});
