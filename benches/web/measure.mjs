// Serves this folder, opens page.html in Chromium and prints the table.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const SKETCHES = 100;
const TURNS = 6;
const here = import.meta.dirname;
const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const requested = [];
const server = createServer((request, response) => {
  const file = join(here, decodeURIComponent(new URL(request.url, "http://here").pathname));
  if (!file.startsWith(here) || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
  requested.push(file);
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const launch = { executablePath: process.argv[2], args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] };
const browser = await chromium.launch(launch);
console.log(`${browser.browserType().name()} ${browser.version()}, one thread, ${SKETCHES} sketches, median of ${TURNS - 1} turns\n`);
console.log("| network | this engine | with drawing | ONNX Runtime Web, fp32 | ratio | same label | bytes to load, this engine | ONNX Runtime Web | ratio |");
console.log("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
for (const [name, title] of [
  ["quickdraw-345", "quickdraw-345, 64 px"],
  ["tu-berlin-250", "tu-berlin-250, 96 px"],
  ["sketch-a-net", "Sketch-A-Net, 225 px"],
]) {
  requested.length = 0;
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/page.html`);
  await page.waitForFunction(() => window.measure);
  const { ours, whole, theirs, same } = await page.evaluate(([name, count, turns]) => window.measure(name, count, turns), [name, SKETCHES, TURNS]);
  const sum = (chosen) => [...new Set(requested)].filter(chosen).reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  const loaded = sum((file) => file.includes("/dabnet/") || file.endsWith(`${name}.safetensors`));
  const theirsLoaded = sum((file) => file.includes("/onnxruntime-web/") || file.endsWith(".onnx"));
  const ms = (value) => `${value.toFixed(2)} ms`;
  const bytes = (count) => Math.round(count).toLocaleString("en");
  console.log(`| ${title} | ${ms(ours)} | ${ms(whole)} | ${ms(theirs)} | ${(theirs / ours).toFixed(1)}× | ${same} of ${SKETCHES} | ${bytes(loaded)} | ${bytes(theirsLoaded)} | ${(theirsLoaded / loaded).toFixed(1)}× |`);
  await page.close();
}
await browser.close();
server.close();
