import { bytes, engine } from "./loading.js";
import { packed } from "./strokes.js";

const text = new TextDecoder();
const asBytes = (data) => new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);

/** A model, ready to recognize on the thread that calls it. */
export class Recognizer {
  #calls;
  /** What the model is: labels, preprocessing, layers, where it comes from. */
  description;

  /** Use {@link Recognizer.load}. */
  constructor(instance, model) {
    if (!instance?.exports || !model) throw new TypeError("a recognizer is made by await Recognizer.load(model)");
    this.#calls = instance.exports;
    this.#write(model);
    this.description = JSON.parse(text.decode(this.#call("load")));
  }

  /** Loads a model from an address or from the bytes of its file. */
  static async load(model, { wasm } = {}) {
    const [code, file] = await Promise.all([engine(wasm), bytes(model)]);
    return new Recognizer(await WebAssembly.instantiate(code, {}), file);
  }

  /** The likeliest labels of a drawing and, with `look`, how often every filter fired. */
  recognize(strokes, { top = 5, look = false } = {}) {
    const numbers = packed(strokes);
    if (!Number.isInteger(top) || top < 1) throw new TypeError(`top is ${top}: it is a whole number from 1 on`);
    this.#write(numbers);
    return JSON.parse(text.decode(this.#call("recognize", Math.min(top, this.description.labels.length), look ? 1 : 0)));
  }

  /**
   * Teaches the model words from a few drawings each, without training: it knows these beside those of its file, and none that it was
   * taught before.
   */
  teach(words) {
    const entries = Object.entries(words).map(([label, drawings]) => [label, drawings.map(packed)]);
    const list = entries.map(([label, drawings]) => ({ label, drawings: drawings.map(({ byteLength }) => byteLength) }));
    const described = new TextEncoder().encode(JSON.stringify(list));
    const parts = [new Uint32Array([described.length]), described, ...entries.flatMap(([, drawings]) => drawings)].map(asBytes);
    const input = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (input.set(part, at), at + part.length), 0);
    this.#write(input);
    this.description = JSON.parse(text.decode(this.#call("teach")));
  }

  /** The vector that the last layer reads, near those of drawings of the same kind, whatever the labels. */
  embed(strokes) {
    const numbers = packed(strokes);
    this.#write(numbers);
    return new Float32Array(this.#call("embed").slice().buffer);
  }

  /** The same by one bit a value, 1 above the median: bit `i % 8`, counted from the least significant, of byte `i >> 3`. */
  embedBits(strokes) {
    this.#write(packed(strokes));
    return this.#call("embed_bits").slice();
  }

  /** The ink that the network saw in the drawing recognized last, `side × side` bytes, row by row. */
  ink() {
    return this.#call("ink").slice();
  }

  /** The logits of a canvas as the network sees it. */
  logits(canvas) {
    if (!(canvas instanceof Float32Array) || !canvas.every(Number.isFinite)) throw new TypeError("a canvas is a Float32Array of numbers");
    this.#write(canvas);
    return new Float32Array(this.#call("logits").slice().buffer);
  }

  /** Makes the bytes of a buffer, or of a view into one, the input. */
  #write(data) {
    const given = asBytes(data);
    const at = this.#calls.input(given.length);
    new Uint8Array(this.#calls.memory.buffer, at, given.length).set(given);
  }

  #call(name, ...numbers) {
    const failed = this.#calls[name](...numbers);
    const output = new Uint8Array(this.#calls.memory.buffer, this.#calls.output(), this.#calls.output_bytes());
    if (failed) throw new Error(text.decode(output));
    return output;
  }
}
