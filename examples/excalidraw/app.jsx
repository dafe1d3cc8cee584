// Excalidraw with two things more: it says what is being drawn, and a button writes the names of all drawings under them.
import { useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { CaptureUpdateAction, convertToExcalidrawElements, Excalidraw } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import { WorkerRecognizer } from "dabnet";
import { sketches } from "./scene.js";

const loading = WorkerRecognizer.load(new URL("quickdraw-345.safetensors", import.meta.url));

/** The name of a sketch; none where it is like no word that the model knows. */
async function nameOf({ strokes }) {
  const answer = await (await loading).recognize(strokes, { top: 1 });
  return answer && !answer.unknown ? answer.predictions[0].label : undefined;
}

function App() {
  const api = useRef();
  const seen = useRef();
  const [guess, setGuess] = useState("");

  /** Says what the newest element belongs to. Excalidraw calls this at every move of the pointer, too. */
  async function guessNewest(elements) {
    const newest = elements.filter(({ isDeleted }) => !isDeleted).at(-1);
    const state = newest && `${newest.id} ${newest.version}`;
    if (state === seen.current) return;
    seen.current = state;
    const sketch = sketches(elements).find((sketch) => sketch.elements.includes(newest));
    setGuess((sketch && (await nameOf(sketch))) ?? "");
  }

  /** Writes names under drawings, in the place of those that it wrote before. */
  async function writeNames() {
    const named = sketches(api.current.getSceneElements(), api.current.getAppState().selectedElementIds);
    const names = [];
    for (const sketch of named) {
      const text = await nameOf(sketch);
      const [[left], [, bottom]] = sketch.box;
      if (text) names.push({ type: "text", text, x: left, y: bottom + 12, customData: { names: sketch.elements[0].id } });
    }
    const ids = named.flatMap(({ elements }) => elements.map(({ id }) => id));
    const others = api.current.getSceneElements().filter(({ customData }) => !ids.includes(customData?.names));
    const captureUpdate = CaptureUpdateAction.IMMEDIATELY;
    api.current.updateScene({ elements: [...others, ...convertToExcalidrawElements(names)], captureUpdate });
  }

  const names = () => (
    <div className="names">
      <output>{guess}</output>
      <button type="button" onClick={writeNames}>Name drawings</button>
    </div>
  );
  return <Excalidraw excalidrawAPI={(given) => { api.current = globalThis.whiteboard = given; }} onChange={guessNewest} renderTopRightUI={names} />;
}

createRoot(document.getElementById("app")).render(<App />);
