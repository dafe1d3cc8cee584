import { thumbnail } from "./board.js";

/** The most strokes of which each is left out once. */
const MOST_STROKES = 24;

/** What the network does with the drawing: what it saw, which filters fired, and what all that costs. */
export class Inside extends EventTarget {
  #details;
  #sights;
  /** Which strokes decided, for the drawing that was explained last. */
  #strokes = Object.assign(document.createElement("section"), { hidden: true });

  constructor(details, sights) {
    super();
    this.#details = details;
    this.#sights = sights;
    details.addEventListener("toggle", () => this.dispatchEvent(new Event("open")));
  }

  get isOpen() {
    return this.#details.open;
  }

  /** Shows which strokes made the first label likely, by leaving out one after another. */
  async explain(model, strokes, [first], isCurrent) {
    if (!this.isOpen || strokes.length < 2 || strokes.length > MOST_STROKES) return;
    const found = await differences(model, strokes, first, isCurrent);
    if (!found || !this.isOpen || !isCurrent()) return;
    const canvas = picture(160, 160, `Your drawing, each stroke as strong as it speaks for ${first.label}`);
    canvas.className = "seen";
    const most = Math.max(...found, 0.01);
    const told = found.map((share, at) => `stroke ${at + 1}: ${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(0)}`).join(", ");
    this.#strokes.replaceChildren(
      heading("Which strokes decided", `what each adds to ${first.label}`), canvas, paragraph(`Points of ${(100 * first.probability).toFixed(0)} %: ${told}`));
    this.#strokes.hidden = false;
    thumbnail(canvas, strokes, found.map((share) => 0.15 + 0.85 * Math.max(share / most, 0)));
  }

  /** Of a model and its answer, if there is one. */
  show(description, answer) {
    // What guesses first tells of nothing inside.
    if (!this.isOpen || !description.layers) return;
    const color = getComputedStyle(this.#details).color;
    this.#strokes.hidden = true;
    this.#sights.replaceChildren(costs(description, answer), this.#strokes, ...seen(description, answer, color), ...layers(description, answer, color));
  }
}

/** How much less likely a label is without each of the strokes; nothing once the drawing is another, whose guess must not wait. */
async function differences(model, strokes, { label, probability }, isCurrent) {
  const found = [];
  for (const left of strokes.keys()) {
    if (!isCurrent()) return undefined;
    const rest = strokes.filter((_, at) => at !== left).map(({ points }) => points);
    const answer = await model.recognize(rest, { top: model.description.labels.length });
    if (!answer) return undefined;
    found.push(probability - answer.predictions.find((guess) => guess.label === label).probability);
  }
  return found;
}

function costs({ bytes, full_bytes, layers }, answer) {
  const sum = (chosen) => layers.filter(chosen).reduce((sum, { macs }) => sum + macs, 0);
  const bits = sum(({ precision }) => precision === "fbin");
  const real = sum(({ precision }) => precision !== "fbin");
  // Inputs of several bits take as many products of bits for one multiplication.
  const all = layers.reduce((sum, { macs, precision, input_bits }) => sum + macs / (precision === "fbin" ? input_bits : 1), 0);
  const rows = [
    ["a guess", answer ? `${answer.milliseconds.toFixed(1)} ms` : "…"],
    ["the model", `${kilobytes(bytes)} (${kilobytes(full_bytes)} in full precision)`],
    ["multiplications", `${millions(real)} of ${millions(all)}`],
    ["one-bit products instead", `${millions(bits)}, 64 at a time: ${millions(bits / 64)} steps`],
  ];
  const table = document.createElement("table");
  for (const [name, value] of rows) {
    const row = table.insertRow();
    row.append(cell("th", name), cell("td", value));
    row.firstChild.scope = "row";
  }
  return table;
}

function seen({ preprocessing: { canvas: { side } } }, answer, color) {
  if (!answer?.ink) return [];
  const canvas = picture(side, side, `What the network saw: your drawing on ${side} by ${side} pixels`);
  canvas.className = "seen";
  shade(canvas, (at) => answer.ink[at] / 255, color);
  return [heading("What it saw", `${side}×${side} pixels`), canvas];
}

function layers({ layers }, answer, color) {
  return layers.flatMap((layer) => {
    const sights = [];
    const activity = answer?.layers?.findLast(({ name }) => name === layer.name);
    if (activity) {
      const { fired, positions } = activity;
      const canvas = picture(Math.min(fired.length, 64), Math.ceil(fired.length / 64), `${layer.name}: how often each filter fired`);
      canvas.style.height = `${0.7 * canvas.height}rem`;
      shade(canvas, (at) => (fired[at] ?? 0) / positions, color);
      sights.push(paragraph(`${fired.filter((count) => count > 0).length} of ${fired.length} filters fired; the stronger, the more often`), canvas);
    }
    if (layer.alpha.length > 0) {
      sights.push(paragraph("each filter's two values, α strong and β faint; the line is zero"), values(layer, color));
    }
    const weights = `${layer.weight_bits === 1 ? "one" : layer.weight_bits}-bit weights`;
    const inputs = layer.input_bits === 1 ? " and inputs" : ` and inputs of ${layer.input_bits} bits`;
    const kind = layer.precision === "fbin" ? weights + inputs : weights;
    return [heading(layer.name, `${layer.filters} filters, ${kind}, ${kilobytes(layer.bytes)}`), ...sights];
  });
}

/** α and β of every filter, on a common scale with zero in the middle. */
function values({ name, alpha, beta }, color) {
  const canvas = picture(alpha.length, 48, `${name}: α from ${least(alpha)} to ${most(alpha)}, β from ${least(beta)} to ${most(beta)}`);
  canvas.style.height = "3rem";
  const context = canvas.getContext("2d");
  const largest = Math.max(...alpha.map(Math.abs), ...beta.map(Math.abs), 1e-9);
  const row = (value) => 24 - (22 * value) / largest;
  context.fillStyle = color;
  context.globalAlpha = 0.25;
  context.fillRect(0, 23.5, alpha.length, 1);
  context.globalAlpha = 1;
  alpha.forEach((value, filter) => context.fillRect(filter, row(value) - 1, 1, 2));
  context.globalAlpha = 0.55;
  beta.forEach((value, filter) => context.fillRect(filter, row(value) - 1, 1, 2));
  return canvas;
}

function picture(width, height, label) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

/** Fills every pixel with so much of a color. */
function shade(canvas, share, color) {
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  for (let at = 0; at < canvas.width * canvas.height; at += 1) {
    context.globalAlpha = share(at);
    context.fillRect(at % canvas.width, Math.floor(at / canvas.width), 1, 1);
  }
}

function heading(name, rest) {
  const heading = document.createElement("h2");
  heading.append(name, " ", Object.assign(document.createElement("span"), { className: "quiet", textContent: rest }));
  return heading;
}

const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text });
const cell = (kind, text) => Object.assign(document.createElement(kind), { textContent: text });
const least = (values) => Math.min(...values).toPrecision(2);
const most = (values) => Math.max(...values).toPrecision(2);
const millions = (count) => `${(count / 1e6).toFixed(count < 1e7 ? 2 : 1)} M`;
const kilobytes = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
