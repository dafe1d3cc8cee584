import { bytes, compiled } from "./loading.js";
import { packed } from "./strokes.js";

const text = new TextDecoder();

/**
 * A model in the smallest runner: 21 kB of code, gzipped, for what `dabnet export --form firmware` wrote. It guesses, and does nothing else.
 */
export class MicroRecognizer {
  #calls;
  #leastEnergy;
  /** Labels of the model. */
  description;

  /** Use {@link MicroRecognizer.load}. */
  constructor(instance, image) {
    if (!instance?.exports || !image) throw new TypeError("a recognizer is made by await MicroRecognizer.load(image)");
    this.#calls = instance.exports;
    const labels = text.decode(this.#call("load", image)).split("\0").slice(0, -1);
    this.description = { labels, taught: [] };
    this.#leastEnergy = this.#calls.least_energy();
  }

  /** Loads an image from an address or from the bytes of its file. */
  static async load(image, { wasm = new URL("./micro.wasm", import.meta.url) } = {}) {
    const [code, file] = await Promise.all([compiled(wasm), bytes(image)]);
    return new MicroRecognizer(await WebAssembly.instantiate(code, {}), file);
  }

  /** The likeliest labels of a drawing, and whether it is like none of a known word. */
  recognize(strokes, { top = 5 } = {}) {
    if (!Number.isInteger(top) || top < 1) throw new TypeError(`top is ${top}: it is a whole number from 1 on`);
    const logits = new Float32Array(this.#call("recognize", packed(strokes)).slice().buffer);
    const most = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
    const energy = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    const guesses = this.description.labels.map((label, at) => ({ class: at, label, probability: Math.exp(logits[at] - energy) }));
    const predictions = guesses.sort((a, b) => logits[b.class] - logits[a.class]).slice(0, top);
    return { predictions, ...(Number.isNaN(this.#leastEnergy) ? {} : { unknown: energy < this.#leastEnergy }) };
  }

  #call(name, data) {
    const given = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    const at = this.#calls.input(given.length);
    new Uint8Array(this.#calls.memory.buffer, at, given.length).set(given);
    const failed = this.#calls[name]();
    const output = new Uint8Array(this.#calls.memory.buffer, this.#calls.output(), this.#calls.output_bytes());
    if (failed) throw new Error(text.decode(output));
    return output;
  }
}
