import { WorkerRecognizer } from "./dabnet/client.js";
import { MicroRecognizer } from "./dabnet/micro.js";

/** Which model guesses: those of `models/index.json`, loaded when they are chosen. Tells of every change. */
export class Models extends EventTarget {
  /** The model in use, once it is loaded. */
  model;
  #select;
  #state;
  #loaded = new Map();
  /** Words to know beside those of each model: drawings by word. */
  #words = {};

  constructor(select, state) {
    super();
    this.#select = select;
    this.#state = state;
    select.addEventListener("change", () => this.#choose(select.value));
  }

  /** Finds the models and loads the first; until that is there, the smallest guesses, in the smallest runner if that runs it. */
  async start() {
    try {
      // The rest is loaded after it: on a slow line it would take its share.
      const loading = MicroRecognizer.load("models/first.bin").catch(() => undefined);
      const response = await fetch("models/index.json");
      if (!response.ok) throw new Error(`models/index.json: ${response.status}`);
      const models = await response.json();
      this.#select.append(...models.map(({ name, labels, url }) => new Option(`${labels} words (${name})`, url)));
      const [smallest] = models.toSorted((a, b) => a.bytes - b.bytes);
      const first = this.#select.value;
      this.#state.textContent = "loading…";
      let early = await loading;
      if (early) document.body.dataset.early = "true";
      else if (smallest.url !== first) early = await this.#load(smallest.url).catch(() => undefined);
      // Without it, guesses only begin later.
      if (early && this.#select.value === first) this.#use(early);
      if (this.#select.value === first) await this.#choose(first);
    } catch (error) {
      this.#state.textContent = `No model: ${error.message}`;
    }
  }

  async #choose(url) {
    this.#state.textContent = this.#loaded.has(url) ? "" : "loading…";
    try {
      const model = await this.#load(url);
      if (this.#select.value !== url) return;
      this.#state.textContent = "";
      document.body.dataset.model = url;
      this.#use(model);
    } catch (error) {
      if (this.#select.value === url) this.#state.textContent = `The model does not load: ${error.message}`;
    }
  }

  #load(url) {
    if (!this.#loaded.has(url)) {
      const model = WorkerRecognizer.load(url).then(async (model) => {
        // A word that it cannot learn must not keep it from guessing.
        await teach(model, this.#words).catch(() => {});
        return model;
      });
      model.catch(() => this.#loaded.delete(url));
      this.#loaded.set(url, model);
    }
    return this.#loaded.get(url);
  }

  /** Whether a word is one of those of the model in use, from its training. */
  knows(label) {
    return this.model !== undefined && trained(this.model).has(label);
  }

  /** Makes every model know these words beside its own: drawings by word. */
  async teach(words) {
    this.#words = words;
    const loaded = await Promise.all(this.#loaded.values());
    await Promise.all(loaded.map((model) => teach(model, words)));
    this.dispatchEvent(new Event("change"));
  }

  #use(model) {
    this.model = model;
    this.dispatchEvent(new Event("change"));
  }
}

/** Words of a model from its training. */
function trained({ description: { labels, taught } }) {
  return new Set(labels.filter((label) => !taught.includes(label)));
}

/** Teaches a model those of the words that it does not know from its training. */
async function teach(model, words) {
  const own = trained(model);
  const given = Object.entries(words).filter(([label]) => !own.has(label));
  const { calibrated, taught } = model.description;
  if (calibrated && given.length + taught.length > 0) await model.teach(Object.fromEntries(given));
}
