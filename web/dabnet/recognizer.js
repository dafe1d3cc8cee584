import { packed } from "./strokes.js";

// A module of one function that makes a vector: valid where the browser knows vectors.
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

/** Whether this browser has WebAssembly's vector instructions. */
export function hasSimd() {
  return WebAssembly.validate(new Uint8Array(VECTORS));
}

let shared;

/** The engine's code, compiled once for all models. */
function ownModule() {
  const file = hasSimd() ? new URL("./dabnet.wasm", import.meta.url) : new URL("./dabnet-scalar.wasm", import.meta.url);
  shared ??= compiled(file).catch((error) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  return WebAssembly.compile(await bytes(source));
}

/** The bytes behind an address, or those that were given. */
async function bytes(source) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source;
  const response = await fetch(source);
  if (!response.ok) throw new Error(`cannot load ${source}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

const text = new TextDecoder();

/** A model, ready to recognise on the thread that calls it. */
export class Recognizer {
  #calls;
  /** What the model is: labels, canvas, layers, where it comes from. */
  description;

  /** Use {@link Recognizer.load}. */
  constructor(instance, model) {
    this.#calls = instance.exports;
    this.#write(new Uint8Array(model.buffer ?? model, model.byteOffset ?? 0, model.byteLength));
    this.description = JSON.parse(text.decode(this.#call("load")));
  }

  /** Loads a model from an address or from the bytes of its file. */
  static async load(model, { wasm } = {}) {
    const [code, file] = await Promise.all([wasm ? compiled(wasm) : ownModule(), bytes(model)]);
    return new Recognizer(await WebAssembly.instantiate(code, {}), file);
  }

  /** The likeliest labels of a drawing and, with `look`, how often every filter fired. */
  recognize(strokes, { top = 5, look = false } = {}) {
    const numbers = packed(strokes);
    this.#write(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    return JSON.parse(text.decode(this.#call("recognize", top, look ? 1 : 0)));
  }

  /** The ink that the network saw in the drawing recognised last, `side × side` bytes, row by row. */
  ink() {
    return this.#call("ink").slice();
  }

  /** The logits of a canvas as the network sees it. */
  logits(canvas) {
    this.#write(new Uint8Array(canvas.buffer, canvas.byteOffset, canvas.byteLength));
    return new Float32Array(this.#call("logits").slice().buffer);
  }

  #write(bytes) {
    const at = this.#calls.input(bytes.length);
    new Uint8Array(this.#calls.memory.buffer, at, bytes.length).set(bytes);
  }

  #call(name, ...numbers) {
    const failed = this.#calls[name](...numbers);
    const output = new Uint8Array(this.#calls.memory.buffer, this.#calls.output(), this.#calls.output_bytes());
    if (failed) throw new Error(text.decode(output));
    return output;
  }
}
