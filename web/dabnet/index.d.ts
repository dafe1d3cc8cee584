/**
 * A point, x to the right and y down, in any unit; a time and a pressure behind them are not read. A stroke of two or three
 * points of that many numbers is refused, as Quick, Draw!'s columns would be the same.
 */
export type Point = readonly [x: number, y: number, time?: number, pressure?: number] | { readonly x: number; readonly y: number };

/** One line, drawn without lifting the pen: its points, or x and y of each in turns. */
export type Stroke = readonly Point[] | Float32Array;

/**
 * Strokes, those without points passed over; all of them packed, NaN twice after each; or a line of Quick, Draw!. A drawing
 * without points, or with something else in it, is a `TypeError`.
 */
export type Drawing = readonly Stroke[] | Float32Array | { readonly strokes: readonly Stroke[] } | { readonly drawing: readonly (readonly (readonly number[])[])[] };

/** A model's file: its address (in Node.js a path as well), or its bytes. */
export type ModelSource = string | URL | ArrayBuffer | ArrayBufferView;

export interface LoadOptions {
  /** The engine's code, where it does not lie beside the package: its address, its bytes, or compiled. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | WebAssembly.Module;
}

export interface RecognizeOptions {
  /** How many labels to give; 5 if it is left out. */
  top?: number;
  /** Whether to tell how often every filter fired. */
  look?: boolean;
}

export interface Prediction {
  /** Index of the label. */
  class: number;
  label: string;
  /** Its share of the softmax over all labels. */
  probability: number;
}

/** What the signs behind a layer gave. */
export interface LayerActivity {
  name: string;
  /** Positions at which each filter could be +1. */
  positions: number;
  /** At how many it was, filter by filter. */
  fired: number[];
}

export interface Answer {
  /** The likeliest labels, the likeliest first. */
  predictions: Prediction[];
  /**
   * Whether the drawing is like none that the model knows a word for, so that its guesses mean nothing; absent where the model was
   * not calibrated.
   */
  unknown?: boolean;
  /** With `look`. */
  layers?: LayerActivity[];
}

export interface WorkerAnswer extends Answer {
  /** How long the worker took, drawing and network together. */
  milliseconds: number;
  /** With `look`: what the network saw, `side × side` bytes, 0 paper and 255 ink. */
  ink?: Uint8Array;
}

/** A convolution. */
export interface Layer {
  name: string;
  precision: "full" | "wbin" | "fbin";
  /** Of a weight: 1, 8 or 32. */
  weight_bits: number;
  /** Of an input: 1, 2 or 4, and 32 of real ones. */
  input_bits: number;
  filters: number;
  weights: number;
  /** Of its weights in the file. */
  bytes: number;
  /** Multiply-accumulates for one drawing; of single bits in an `fbin` layer, as many a weight as its inputs have bits. */
  macs: number;
  /** The value of each filter's weights whose bit is 1; empty in full precision. */
  alpha: number[];
  /** The value of each filter's weights whose bit is 0; empty in full precision. */
  beta: number[];
}

/** How a drawing becomes the input of a network. */
export interface Preprocessing {
  /** Of this object's form and of what it does. */
  version: number;
  look: "lines" | "pixels" | "paper" | "bitmap";
  canvas: Canvas;
  /** What of lines is shown beside the ink, in channels of their own; absent for the ink alone. */
  channels?: "order" | "direction";
}

/** The square that a drawing is put on. */
export interface Canvas {
  /** Width and height in pixels. */
  side: number;
  /** As a fraction of the side. */
  line_width: number;
  /** As a fraction of the side. */
  margin: number;
  mean: number;
  std: number;
}

export interface Description {
  architecture: string;
  policy: string;
  labels: string[];
  preprocessing: Preprocessing;
  /** Of the model's file. */
  bytes: number;
  /** Of its parameters if all were in full precision. */
  full_bytes: number;
  provenance: Record<string, unknown>;
  /** Whether it knows which drawings are of no word of its own, and can be taught more words. */
  calibrated: boolean;
  /** Words that it was taught. */
  taught: string[];
  layers: Layer[];
}

/** Whether this browser has WebAssembly's vector instructions; without, a slower build is loaded. */
export function hasSimd(): boolean;

/** A model, ready to recognize on the thread that calls it. */
export class Recognizer {
  private constructor();
  readonly description: Description;
  static load(model: ModelSource, options?: LoadOptions): Promise<Recognizer>;
  recognize(strokes: Drawing, options?: RecognizeOptions): Answer;
  /**
   * Teaches a calibrated model words, from 1 to 50 drawings each, in less than a second and without training: it knows these beside
   * those of its file, and none that it was taught before. A word of its file is refused.
   */
  teach(words: Record<string, readonly Drawing[]>): void;
  /**
   * The vector that the last layer reads: near those of drawings of the same kind, whether the model has a label for them or not.
   */
  embed(strokes: Drawing): Float32Array;
  /**
   * The same by one bit a value, 1 above the median of the drawings that the model was calibrated on: bit `i % 8`, counted from the least
   * significant, of byte `i >> 3`. Models that were not calibrated have none.
   */
  embedBits(strokes: Drawing): Uint8Array;
  /** What the network saw in the drawing recognized last: `side × side` bytes, 0 paper and 255 ink. */
  ink(): Uint8Array;
  /**
   * The logits of a canvas, `side × side` numbers for each channel as the network sees them:
   * `(ink − mean) / std`.
   */
  logits(canvas: Float32Array): Float32Array;
}

/** A model that runs in a Web Worker; Node.js has none of these. */
export class WorkerRecognizer {
  private constructor();
  readonly description: Description;
  static load(model: ModelSource, options?: LoadOptions): Promise<WorkerRecognizer>;
  /** `null` for a drawing that a newer one overtook while the worker was busy. */
  recognize(strokes: Drawing, options?: RecognizeOptions): Promise<WorkerAnswer | null>;
  /** As that of {@link Recognizer}. */
  teach(words: Record<string, readonly Drawing[]>): Promise<void>;
  /** As that of {@link Recognizer}. */
  embed(strokes: Drawing): Promise<Float32Array>;
  /** As that of {@link Recognizer}. */
  embedBits(strokes: Drawing): Promise<Uint8Array>;
  logits(canvas: Float32Array): Promise<Float32Array>;
  unload(): Promise<void>;
}
