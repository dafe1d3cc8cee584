// Suggests words with pictures while something is drawn, and puts the picture that is pressed in the place of the drawing.
import { WorkerRecognizer } from "../../web/dabnet/index.js";

const SUGGESTED = 4;
const [recognizer, pictures] = await Promise.all([
  WorkerRecognizer.load("../../models/quickdraw-20/model.safetensors"),
  fetch("pictures.json").then((response) => response.json()),
]);
const board = document.getElementById("board");
const context = board.getContext("2d");
let strokes = [];

function paint() {
  const scale = devicePixelRatio;
  [board.width, board.height] = [board.clientWidth * scale, board.clientHeight * scale];
  context.setTransform(scale, 0, 0, scale, 0, 0);
  [context.lineWidth, context.lineCap, context.lineJoin] = [4, "round", "round"];
  for (const [first, ...rest] of strokes) {
    context.beginPath();
    context.moveTo(...first);
    for (const point of rest.length > 0 ? rest : [first]) context.lineTo(...point);
    context.stroke();
  }
}

async function suggest() {
  const asked = strokes;
  const answer = strokes.length > 0 ? await recognizer.recognize(strokes, { top: SUGGESTED }) : { predictions: [] };
  // A newer drawing has overtaken this one, or it is of no word that the model knows.
  if (!answer || asked !== strokes) return;
  const words = answer.unknown ? [] : answer.predictions.map(({ label }) => label);
  document.getElementById("suggestions").replaceChildren(...words.map(suggestion));
}

function suggestion(word) {
  const button = document.createElement("button");
  button.type = "button";
  const lines = pictures[word].map((line) => `<polyline points="${line.join(" ")}"/>`).join("");
  button.innerHTML = `<svg viewBox="-8 -8 271 271" aria-hidden="true">${lines}</svg>`;
  button.append(word);
  button.addEventListener("click", () => take(word));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

/** Draws a word's picture where the drawing is, as large as that. */
function take(word) {
  const bounds = (lines, axis) => {
    const values = lines.flat().map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [own, its] = [strokes, pictures[word]].map((lines) => [0, 1].map((axis) => bounds(lines, axis)));
  const size = (box) => Math.max(...box.map(([low, high]) => high - low), 1);
  const scale = size(own) / size(its);
  const middle = ([low, high]) => (low + high) / 2;
  strokes = pictures[word].map((line) => line.map((point) => point.map((value, axis) => middle(own[axis]) + scale * (value - middle(its[axis])))));
  change();
}

function change() {
  paint();
  suggest();
}

board.addEventListener("pointerdown", (event) => {
  board.setPointerCapture(event.pointerId);
  strokes = [...strokes, [[event.offsetX, event.offsetY]]];
  change();
});
board.addEventListener("pointermove", (event) => {
  if (!board.hasPointerCapture(event.pointerId)) return;
  strokes = [...strokes.slice(0, -1), [...strokes.at(-1), [event.offsetX, event.offsetY]]];
  change();
});
document.getElementById("clear").addEventListener("click", () => {
  strokes = [];
  change();
});
addEventListener("resize", paint);
paint();
