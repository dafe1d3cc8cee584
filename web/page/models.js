import { WorkerRecognizer } from "./dabnet/client.js";
import { engine } from "./dabnet/loading.js";

/** Which model guesses: those of `models/index.json`, loaded when they are chosen. Tells of every change. */
export class Models extends EventTarget {
  /** The model in use, once it is loaded. */
  model;
  #select;
  #state;
  #loaded = new Map();

  constructor(select, state) {
    super();
    this.#select = select;
    this.#state = state;
    select.addEventListener("change", () => this.#choose(select.value));
  }

  /** Finds the models and loads the first. */
  async start() {
    try {
      // On its way before it is known for which model.
      engine().catch(() => {});
      const response = await fetch("models/index.json");
      if (!response.ok) throw new Error(`models/index.json: ${response.status}`);
      const models = await response.json();
      this.#select.append(...models.map(({ name, labels, url }) => new Option(`${labels} words (${name})`, url)));
      await this.#choose(this.#select.value);
    } catch (error) {
      this.#state.textContent = `No model: ${error.message}`;
    }
  }

  async #choose(url) {
    this.#state.textContent = this.#loaded.has(url) ? "" : "loading…";
    try {
      if (!this.#loaded.has(url)) this.#loaded.set(url, WorkerRecognizer.load(url));
      const model = await this.#loaded.get(url);
      if (this.#select.value !== url) return;
      this.model = model;
      this.#state.textContent = "";
      document.body.dataset.model = url;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      this.#loaded.delete(url);
      this.#state.textContent = `The model does not load: ${error.message}`;
    }
  }
}
