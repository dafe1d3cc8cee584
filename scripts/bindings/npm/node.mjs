// The package in Node.js, as main.ts uses it in a page.
import { Recognizer } from "dabnet";

const recognizer = await Recognizer.load(import.meta.resolve("dabnet/quickdraw-20.safetensors"));
const { predictions } = recognizer.recognize([[[50, 0], [79, 90], [2, 35], [98, 35], [21, 90], [50, 0]]], { top: 3 });
console.log(predictions.map(({ label, probability }) => `${label} ${probability}`).join(", "));
