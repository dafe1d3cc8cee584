import { Board } from "./board.js";
import { WorkerRecognizer } from "./dabnet/client.js";

/** Icons that are shown. */
const SHOWN = 24;

const find = (id) => document.getElementById(id);
const board = new Board(find("board"));
const state = find("state");

/** Icons by one bit for each value of their embedding, 1 above the median. */
class Icons {
  #names;
  #median;
  #codes;

  constructor(names, width, bytes) {
    this.#names = names;
    this.#median = new Float32Array(bytes, 0, width);
    this.#codes = new Uint8Array(bytes, 4 * width);
  }

  get count() {
    return this.#names.length;
  }

  /** Names of those that are most like an embedding, the likest first. */
  nearest(embedding, count) {
    const width = this.#median.length;
    const offsets = embedding.map((value, at) => value - this.#median[at]);
    const likeness = this.#names.map((name, icon) => {
      const code = this.#codes.subarray(icon * Math.ceil(width / 8));
      let sum = 0;
      for (let at = 0; at < width; at++) sum += (code[at >> 3] >> (at & 7)) & 1 ? offsets[at] : -offsets[at];
      return { name, sum };
    });
    return likeness.sort((a, b) => b.sum - a.sum).slice(0, count).map(({ name }) => name);
  }
}

async function load() {
  const ask = async (address) => {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return response;
  };
  const { model, width, icons } = await (await ask("icons.json")).json();
  const codes = ask("icons.bin").then((response) => response.arrayBuffer());
  const recognizer = WorkerRecognizer.load(model);
  return [await recognizer, new Icons(icons, width, await codes)];
}

const isSvg = (name) => /\.svg$/i.test(name);

/** An icon that gives its file to whoever presses it. */
function entry(name) {
  const address = `icons/${name.split("/").map(encodeURIComponent).join("/")}`;
  const title = name.replace(/\.[^.]*$/, "");
  const image = Object.assign(new Image(), { src: address, alt: "" });
  const button = document.createElement("button");
  button.type = "button";
  button.title = isSvg(name) ? "Copy its SVG" : "Open it";
  button.append(image, Object.assign(document.createElement("span"), { textContent: title }));
  button.addEventListener("click", () => give(address, title));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

async function give(address, title) {
  try {
    if (!isSvg(address)) throw new Error("no text");
    await navigator.clipboard.writeText(await (await fetch(address)).text());
    state.textContent = `Copied the SVG of ${title}`;
  } catch {
    open(address);
  }
}

let search;
try {
  const [recognizer, icons] = await load();
  search = async (strokes) => icons.nearest(await recognizer.embed(strokes), SHOWN);
  state.textContent = `${icons.count.toLocaleString("en")} icons`;
} catch (error) {
  state.textContent = `This page could not be loaded: ${error.message}`;
}

// One search at a time, and the last drawing is not left out.
let isBusy = false;
async function ask() {
  find("hint").hidden = board.strokes.length > 0;
  find("undo").disabled = find("clear").disabled = board.strokes.length === 0;
  if (!search || isBusy) return;
  isBusy = true;
  let version;
  while (version !== board.version) {
    version = board.version;
    const strokes = board.strokes.map(({ points }) => points).filter((points) => points.length > 0);
    const names = strokes.length > 0 ? await search(strokes) : [];
    find("found").replaceChildren(...names.map(entry));
    await new Promise(requestAnimationFrame);
  }
  isBusy = false;
  // What tests wait for.
  document.body.dataset.seen = version;
}

board.addEventListener("change", ask);
find("undo").addEventListener("click", () => board.undo());
find("clear").addEventListener("click", () => board.clear());
addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "z") board.undo();
  else if (key === "delete" || key === "backspace") board.clear();
  else return;
  event.preventDefault();
});
ask();
