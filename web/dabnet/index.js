export { WorkerRecognizer } from "./client.js";
export { hasSimd } from "./loading.js";
export { Recognizer } from "./recognizer.js";
