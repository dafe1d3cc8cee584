import type { Answer, Drawing, LoadOptions, ModelSource } from "./index.js";

/**
 * A model in the smallest runner, 21 kB of code with gzip, which guesses and does nothing else. It takes what
 * `dabnet export MODEL --form firmware` wrote of models that see ink alone.
 */
export declare class MicroRecognizer {
  private constructor();
  /** Labels of the model, in the order of its outputs. */
  readonly description: { readonly labels: readonly string[]; readonly taught: readonly string[] };
  /** Loads an image: its address, in Node.js a path as well, or its bytes. */
  static load(image: ModelSource, options?: LoadOptions): Promise<MicroRecognizer>;
  /** The likeliest labels of a drawing, 5 if `top` is left out, and whether it is like none of a known word. */
  recognize(drawing: Drawing, options?: { top?: number }): Answer;
}
