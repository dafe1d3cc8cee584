// What an app does with the package: as strict TypeScript, and in a bundle.
import { Recognizer, WorkerRecognizer, type Drawing } from "dabnet";

const model = new URL("dabnet/quickdraw-20.safetensors", import.meta.url);
const star: Drawing = [[[50, 0], [79, 90], [2, 35], [98, 35], [21, 90], [50, 0]]];

const inWorker = await WorkerRecognizer.load(model);
const answer = await inWorker.recognize(star, { top: 3 });
const here = await Recognizer.load(model);
const same = here.recognize(star, { top: 3 });
const text = (predictions: { label: string; probability: number }[]): string =>
  predictions.map(({ label, probability }) => `${label} ${probability}`).join(", ");
const place = document.querySelector<HTMLElement>("#answer")!;
place.textContent = answer && text(answer.predictions) === text(same.predictions) ? text(same.predictions) : "different answers";
