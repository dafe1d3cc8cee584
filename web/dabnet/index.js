export { hasSimd, Recognizer } from "./recognizer.js";
export { WorkerRecognizer } from "./client.js";
