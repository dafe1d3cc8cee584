// Draws in the example, in Chromium, by pointer events: real sketches, each of which gets its name.
//
//   node check.mjs DIST [--chromium PATH] [--shot FILE]
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { shot: { type: "string" }, chromium: { type: "string", default: "/usr/bin/chromium" } },
});
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };
const server = createServer(({ url }, response) => {
  const file = join(folder, url === "/" ? "index.html" : url.slice(1));
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.on("listening", resolve));

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
page.on("pageerror", (error) => console.log(error.message));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.waitForFunction(() => globalThis.whiteboard);
await page.waitForTimeout(1000);
await page.evaluate(() => whiteboard.setActiveTool({ type: "freedraw", locked: true }));
const drawings = readFileSync(new URL("../../data/examples/quickdraw.ndjson", import.meta.url), "utf8").trim().split("\n").map((line) => JSON.parse(line));
for (const [at, { drawing, word }] of drawings.entries()) {
  const place = (xs, ys, point) => [240 + 340 * at + xs[point], 250 + ys[point]];
  for (const [xs, ys] of drawing) {
    await page.mouse.move(...place(xs, ys, 0));
    await page.mouse.down();
    for (let point = 1; point < xs.length; point += 1) await page.mouse.move(...place(xs, ys, point), { steps: 2 });
    await page.mouse.up();
  }
  await page.waitForFunction((word) => document.querySelector("output").textContent === word, word, { timeout: 10000 }).catch(() => {});
  console.log(`${word}: "${await page.locator("output").innerText()}" while it is drawn`);
}
const names = () => page.evaluate(() => whiteboard.getSceneElements().filter(({ type }) => type === "text").map(({ text }) => text));
for (const turn of [1, 2]) {
  await page.getByRole("button", { name: "Name drawings" }).click();
  await page.waitForFunction((count) => whiteboard.getSceneElements().filter(({ type }) => type === "text").length === count, drawings.length);
  console.log(`named ${turn}: ${(await names()).join(", ")}`);
}
const right = JSON.stringify(await names()) === JSON.stringify(drawings.map(({ word }) => word));
if (options.shot) await page.screenshot({ path: options.shot });
await browser.close();
server.close();
console.log(right ? "all as drawn" : "not as drawn");
process.exit(right ? 0 : 1);
