// Runs models in a Web Worker, for `client.js`: each request has a number, and its answer has the same.
import { Recognizer } from "./recognizer.js";

const models = new Map();

const requests = {
  async load({ model, wasm, key }) {
    const recognizer = await Recognizer.load(model, { wasm });
    models.set(key, recognizer);
    return recognizer.description;
  },
  recognize({ key, strokes, options }) {
    const start = performance.now();
    const answer = models.get(key).recognize(strokes, options);
    const milliseconds = performance.now() - start;
    return { ...answer, milliseconds, ...(options?.look ? { ink: models.get(key).ink() } : {}) };
  },
  teach({ key, words }) {
    models.get(key).teach(words);
    return models.get(key).description;
  },
  embed({ key, strokes }) {
    return models.get(key).embed(strokes);
  },

  embedBits({ key, strokes }) {
    return models.get(key).embedBits(strokes);
  },
  logits({ key, canvas }) {
    return models.get(key).logits(canvas);
  },
  unload({ key }) {
    models.delete(key);
  },
};

self.addEventListener("message", async ({ data: { id, request, ...given } }) => {
  try {
    self.postMessage({ id, answer: await requests[request](given) });
  } catch (error) {
    self.postMessage({ id, error: String(error?.message ?? error) });
  }
});
