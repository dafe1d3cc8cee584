import { thumbnail } from "./board.js";

const ROUNDS = 6;
const SECONDS = 20;

const find = (id) => document.getElementById(id);

/** Asks for drawings, one after another, as long as the clock runs; at the end shows what became of them. */
export class Game {
  #board;
  #models;
  #rounds;
  #ends = 0;
  #best;

  constructor(board, models) {
    this.#board = board;
    this.#models = models;
    find("gallery").addEventListener("close", () => {
      if (find("gallery").returnValue === "again") this.#begin();
    });
  }

  toggle() {
    if (this.#rounds) this.#stop();
    else this.#begin();
  }

  /** What is guessed of the drawing now. */
  see(predictions) {
    if (!this.#rounds || this.#isOver) return;
    this.#best = predictions;
    const round = this.#rounds.find(({ strokes }) => !strokes);
    if (predictions[0].label === round.label) this.#finish(true);
  }

  get #isOver() {
    return this.#rounds.every(({ strokes }) => strokes);
  }

  #begin() {
    const labels = this.#models.model?.description.labels;
    if (!labels) return;
    const drawn = [...labels].map((label) => [Math.random(), label]).sort(([a], [b]) => a - b);
    this.#rounds = drawn.slice(0, ROUNDS).map(([, label]) => ({ label }));
    find("play").setAttribute("aria-pressed", "true");
    find("play").textContent = "Stop";
    find("prompt").hidden = false;
    find("model").disabled = find("teach").disabled = true;
    this.#ask();
    requestAnimationFrame(() => this.#tick());
  }

  #ask() {
    const at = this.#rounds.findIndex(({ strokes }) => !strokes);
    find("round").textContent = `${at + 1} of ${this.#rounds.length}:`;
    find("wanted").textContent = this.#rounds[at].label;
    find("asked").textContent = `${at + 1} of ${this.#rounds.length}: draw ${this.#rounds[at].label}`;
    this.#best = undefined;
    this.#board.reset();
    this.#ends = performance.now() + 1000 * SECONDS;
  }

  #tick() {
    if (!this.#rounds) return;
    const left = this.#ends - performance.now();
    find("clock").style.transform = `scaleX(${Math.max(left / 1000 / SECONDS, 0)})`;
    if (left <= 0) this.#finish(false);
    requestAnimationFrame(() => this.#tick());
  }

  #finish(isKnown) {
    const round = this.#rounds.find(({ strokes }) => !strokes);
    Object.assign(round, { isKnown, strokes: this.#board.strokes, guess: this.#best?.[0].label });
    if (!this.#isOver) return this.#ask();
    const rounds = this.#rounds;
    this.#stop();
    show(rounds);
  }

  #stop() {
    this.#rounds = undefined;
    find("prompt").hidden = true;
    find("model").disabled = find("teach").disabled = false;
    find("asked").textContent = "";
    find("play").setAttribute("aria-pressed", "false");
    find("play").textContent = "Play";
    this.#board.reset();
  }
}

function show(rounds) {
  const known = rounds.filter(({ isKnown }) => isKnown).length;
  find("gallery-title").textContent = `It knew ${known} of ${rounds.length}`;
  find("gallery").showModal();
  find("drawings").replaceChildren(...rounds.map(card));
  // Only what is shown knows its color.
  for (const [at, canvas] of document.querySelectorAll("#drawings canvas").entries()) thumbnail(canvas, rounds[at].strokes);
}

function card({ label, isKnown, guess }) {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  const text = document.createElement("p");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Your drawing of ${label}`);
  text.className = isKnown ? "known" : "";
  text.textContent = isKnown ? label : guess === undefined ? `${label}: not drawn` : `${label}: it thought of ${guess}`;
  item.append(canvas, text);
  return item;
}
