// A module of one function that makes a vector: valid where the browser knows vectors.
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

/** Whether this browser has WebAssembly's vector instructions. */
export function hasSimd() {
  return WebAssembly.validate(new Uint8Array(VECTORS));
}

let shared;

/** The engine's code, compiled once for all models: the package's own, or that which is given. */
export function engine(wasm) {
  if (wasm) return compiled(wasm);
  const file = hasSimd() ? new URL("./dabnet.wasm", import.meta.url) : new URL("./dabnet-scalar.wasm", import.meta.url);
  shared ??= compiled(file).catch((error) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

/** The code behind an address, or of bytes that were given. */
export async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  if (isFile(source)) return WebAssembly.compile(await bytes(source));
  const response = await answered(source);
  // Compiling begins before the last byte is there, where the server says what it is.
  const isNamed = response.headers.get("content-type")?.startsWith("application/wasm");
  return isNamed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** The bytes behind an address, or those that were given. */
export async function bytes(source) {
  if (!source) throw new TypeError("give a model: its address, or the bytes of its file");
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source;
  if (isFile(source)) {
    // A name that bundlers do not look for: in a browser there is no such module, and no need of it.
    const files = "node:fs/promises";
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ files);
    return readFile(typeof source === "string" && !/^file:/.test(source) ? source : new URL(source));
  }
  return (await answered(source)).arrayBuffer();
}

/** Whether an address is a file's: in Node.js, which fetches none, those without a scheme are. */
function isFile(source) {
  const isNode = globalThis.process?.versions?.node !== undefined;
  return isNode && !/^(?!file:)[a-z][a-z+.-]+:/i.test(String(source));
}

async function answered(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`cannot load ${address}: ${response.status} ${response.statusText}`);
  return response;
}
