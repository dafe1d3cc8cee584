import { Board } from "./board.js";
import { Game } from "./game.js";
import { Guesses } from "./guesses.js";
import { Inside } from "./inside.js";
import { Models } from "./models.js";
import { OwnWords } from "./words.js";

const find = (id) => document.getElementById(id);
const board = new Board(find("board"));
const guesses = new Guesses(find("guesses"), find("verdict"), find("spoken"));
const inside = new Inside(find("inside"), find("sights"));
const models = new Models(find("model"), find("model-state"));
const game = new Game(board, models);
const words = new OwnWords(board, models);

const buttons = { undo: find("undo"), redo: find("redo"), clear: find("clear") };
for (const [name, button] of Object.entries(buttons)) button.addEventListener("click", () => board[name]());

addEventListener("keydown", (event) => {
  if (event.target.closest?.("select, dialog, input")) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "z") event.shiftKey ? board.redo() : board.undo();
  else if ((event.ctrlKey || event.metaKey) && key === "y") board.redo();
  else if (key === "delete" || key === "backspace") board.clear();
  else return;
  event.preventDefault();
});

// At most one guess a frame: points come faster than that.
let isDue = false;
function ask() {
  document.body.dataset.drawn = board.version;
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(guess);
}

async function guess() {
  isDue = false;
  find("hint").hidden = board.strokes.length > 0;
  buttons.undo.disabled = buttons.clear.disabled = board.strokes.length === 0;
  buttons.redo.disabled = board.undone.length === 0;
  const { model } = models;
  if (!model) return;
  if (board.strokes.length === 0) {
    guesses.reset();
    inside.show(model.description, null);
    return;
  }
  const { version } = board;
  const start = performance.now();
  const answer = await model.recognize(board.strokes.map(({ points }) => points), { top: 5, look: inside.isOpen });
  if (!answer || model !== models.model || board.strokes.length === 0) return;
  const isFinal = version === board.version && !board.isDrawing;
  guesses.show(answer.predictions, isFinal, answer.unknown);
  inside.show(model.description, answer);
  if (isFinal) inside.explain(model, board.strokes, answer.predictions, () => version === board.version);
  game.see(answer.predictions);
  performance.measure("guess", { start });
  performance.measure("worker", { start, duration: answer.milliseconds });
  // What tests wait for.
  document.body.dataset.seen = version;
}

board.addEventListener("change", ask);
inside.addEventListener("open", ask);
models.addEventListener("change", () => {
  if (!models.model) return;
  const { labels } = models.model.description;
  find("words").querySelector("summary").textContent = `The ${labels.length} words it knows`;
  find("words").querySelector("p").textContent = labels.toSorted().join(", ");
  ask();
});
find("play").addEventListener("click", () => game.toggle());

await Promise.all([models.start(), words.start()]);
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("sw.js");
