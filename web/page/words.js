import { thumbnail } from "./board.js";

const KEY = "dabnet-words";
/** The most drawings of a word, and the most words: what is kept on the device has bounds. */
const MOST_DRAWINGS = 50;
const MOST_WORDS = 100;
const LONGEST = 40;

const find = (id) => document.getElementById(id);

/**
 * Words of one's own: drawings that are kept on the device under a name, of which every model learns. They leave as a file of
 * lines as Quick, Draw! has them, which `dabnet teach` reads, too.
 */
export class OwnWords {
  #board;
  #models;
  /** Drawings by word; a drawing is strokes of points. */
  #words;

  constructor(board, models) {
    this.#board = board;
    this.#models = models;
    this.#words = kept();
    find("teach").addEventListener("click", () => this.#toggle());
    find("lesson").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#keep();
    });
    board.addEventListener("change", () => this.#check());
    find("word").addEventListener("input", () => this.#check());
    find("save").addEventListener("click", () => save(this.#words));
    find("open").addEventListener("click", () => find("file").click());
    find("file").addEventListener("change", () => this.#open(find("file").files[0]));
    this.#show();
  }

  /** Tells the models what is kept from before. */
  start() {
    return this.#words.size > 0 ? this.#learn() : undefined;
  }

  #toggle() {
    const isOpen = find("lesson").hidden;
    find("lesson").hidden = !isOpen;
    find("teach").setAttribute("aria-expanded", isOpen);
    if (isOpen) find("word").focus();
    this.#show();
    this.#check();
  }

  #check() {
    const label = find("word").value.trim();
    find("keep").disabled = label === "" || this.#board.strokes.length === 0 || this.#board.isDrawing;
  }

  async #keep() {
    const label = find("word").value.trim();
    if (find("keep").disabled) return;
    if (this.#models.knows(label)) return this.#say(`It knows ${label} already: give yours another name.`);
    const strokes = this.#board.strokes.map(({ points }) => points.map((point) => point.map((value) => Math.round(value))));
    if (!this.#add(label, strokes)) return this.#say(`No more than ${MOST_WORDS} words, and ${MOST_DRAWINGS} drawings of each.`);
    this.#board.reset();
    const count = this.#words.get(label).length;
    this.#say(`${drawings(count)} of ${label}. ${count < 5 ? "Draw it again, a little otherwise." : "It may do: draw it, and see."}`);
    await this.#learn();
  }

  #add(label, strokes) {
    const known = this.#words.get(label) ?? [];
    if (known.length >= MOST_DRAWINGS || (known.length === 0 && this.#words.size >= MOST_WORDS)) return false;
    this.#words.set(label, [...known, strokes]);
    return true;
  }

  #forget(label) {
    this.#words.delete(label);
    find("own").querySelector("summary").focus();
    this.#say(`${label} is forgotten.`);
    return this.#learn();
  }

  async #open(file) {
    find("file").value = "";
    if (!file) return;
    try {
      let count = 0;
      for (const line of (await file.text()).split("\n").filter((line) => line.trim() !== "")) {
        const { word, drawing } = JSON.parse(line);
        const strokes = drawing.map(([xs, ys]) => xs.map((x, at) => [x, ys[at]]));
        const isGood = strokes.flat(2).every(Number.isFinite) && strokes.some((stroke) => stroke.length > 0);
        if (typeof word !== "string" || word.trim() === "" || !isGood) throw new Error(`line ${count + 1} is no drawing with a word`);
        if (!this.#models.knows(word.trim()) && this.#add(word.trim().slice(0, LONGEST), strokes)) count += 1;
      }
      this.#say(`${drawings(count)} read.`);
      await this.#learn();
    } catch (error) {
      this.#say(`This file holds no drawings with words: ${error.message}`);
    }
  }

  /** Keeps the words, shows them, and teaches them. */
  async #learn() {
    try {
      localStorage.setItem(KEY, JSON.stringify([...this.#words]));
    } catch {
      this.#say("This device keeps no more: they are gone with this page.");
    }
    this.#show();
    try {
      await this.#models.teach(Object.fromEntries(this.#words));
      document.body.dataset.taught = [...this.#words.keys()].join();
    } catch (error) {
      this.#say(`It cannot learn this: ${error.message}`);
    }
  }

  #say(text) {
    find("learned").textContent = text;
  }

  #show() {
    find("own").hidden = this.#words.size === 0 && find("lesson").hidden;
    find("own").querySelector("summary").textContent = this.#words.size === 1 ? "Your word" : `Your ${this.#words.size || ""} words`;
    find("save").disabled = this.#words.size === 0;
    find("own-words").replaceChildren(...[...this.#words].map(([label, known]) => this.#row(label, known)));
    for (const [at, known] of [...this.#words.values()].entries()) {
      thumbnail(find("own-words").children[at].querySelector("canvas"), known.at(-1).map((points) => ({ points })));
    }
  }

  #row(label, known) {
    const [row, canvas, text, forget] = ["li", "canvas", "span", "button"].map((name) => document.createElement(name));
    canvas.setAttribute("aria-hidden", "true");
    text.textContent = `${label}, ${drawings(known.length)}`;
    forget.type = "button";
    forget.textContent = "Forget";
    forget.setAttribute("aria-label", `Forget ${label}`);
    forget.addEventListener("click", () => this.#forget(label));
    row.append(canvas, text, forget);
    return row;
  }
}

const drawings = (count) => (count === 1 ? "1 drawing" : `${count} drawings`);

/** Words from before; none where they cannot be read. */
function kept() {
  try {
    return new Map(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Map();
  }
}

/** Hands out the drawings, a line each as Quick, Draw! has them. */
function save(words) {
  const lines = [...words].flatMap(([word, known]) =>
    known.map((strokes) => JSON.stringify({ word, drawing: strokes.map((points) => [0, 1].map((axis) => points.map((point) => point[axis]))) })));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "application/x-ndjson" }));
  link.download = "words.ndjson";
  link.click();
  URL.revokeObjectURL(link.href);
}
