import { bytes, engine } from "./loading.js";
import { packed } from "./strokes.js";

/** A worker and what it has been asked. */
class Thread {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #waiting = new Map();
  #next = 0;
  /** Why it does not run, if it does not. */
  #failure;

  constructor() {
    this.#worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    });
    this.#worker.addEventListener("error", (event) => {
      this.#failure = new Error(event.message || "the worker did not start");
      this.#waiting.forEach(({ reject }) => reject(this.#failure));
      this.#waiting.clear();
      // The next model tries another.
      if (thread === this) thread = undefined;
    });
  }

  ask(request, given, transfer = []) {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request, ...given }, transfer);
    });
  }
}

let thread;
let models = 0;

/** A model that runs in a Web Worker, so that drawing never waits for it. All models share one worker. */
export class WorkerRecognizer {
  #thread;
  #key;
  #isBusy = false;
  #pending;
  /** What the model is: labels, preprocessing, layers, where it comes from. */
  description;

  /** Use {@link WorkerRecognizer.load}. */
  constructor(thread, key, description) {
    this.#thread = thread;
    this.#key = key;
    this.description = description;
  }

  /** Loads a model from an address or from the bytes of its file. */
  static async load(model, { wasm } = {}) {
    if (typeof Worker === "undefined") throw new Error("there are no Web Workers here: use Recognizer");
    // The worker starts while its code and its model are on their way.
    thread ??= new Thread();
    const own = thread;
    const key = models++;
    const [code, file] = await Promise.all([engine(wasm), bytes(model)]);
    return new WorkerRecognizer(own, key, await own.ask("load", { key, model: file, wasm: code }));
  }

  /**
   * The likeliest labels of a drawing, and how long the worker took. Only the newest drawing waits for a busy worker:
   * one that is overtaken resolves to `null`.
   */
  async recognize(strokes, options = {}) {
    const numbers = packed(strokes);
    if (!this.#isBusy) return this.#ask(numbers, options);
    this.#pending?.resolve(null);
    return new Promise((resolve, reject) => (this.#pending = { numbers, options, resolve, reject }));
  }

  /** The vector that the last layer reads, near those of drawings of the same kind, whatever the labels. */
  async embed(strokes) {
    return this.#thread.ask("embed", { key: this.#key, strokes: packed(strokes) });
  }

  /** As that of {@link Recognizer}. */
  async embedBits(strokes) {
    return this.#thread.ask("embedBits", { key: this.#key, strokes: packed(strokes) });
  }

  /** Teaches the model words, as {@link Recognizer} does. */
  async teach(words) {
    const given = Object.entries(words).map(([label, drawings]) => [label, drawings.map(packed)]);
    this.description = await this.#thread.ask("teach", { key: this.#key, words: Object.fromEntries(given) });
  }

  /** The logits of a canvas as the network sees it. */
  logits(canvas) {
    return this.#thread.ask("logits", { key: this.#key, canvas });
  }

  /** Frees the model's memory. */
  unload() {
    return this.#thread.ask("unload", { key: this.#key });
  }

  async #ask(strokes, options) {
    this.#isBusy = true;
    try {
      return await this.#thread.ask("recognize", { key: this.#key, strokes, options });
    } finally {
      this.#isBusy = false;
      const next = this.#pending;
      this.#pending = undefined;
      if (next) this.#ask(next.numbers, next.options).then(next.resolve, next.reject);
    }
  }
}
