// Opens a built page in Chromium and prints what it shows: node check.mjs FOLDER [CHROMIUM]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const [folder, executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const server = createServer(async ({ url }, response) => {
  try {
    const path = url === "/" ? "/index.html" : normalize(decodeURIComponent(url.split("?")[0]));
    const content = await readFile(join(folder, path));
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(content);
  } catch {
    // Browsers ask for an icon by themselves.
    response.writeHead(url === "/favicon.ico" ? 204 : 404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
try {
  await page.waitForFunction(() => document.querySelector("#answer").textContent !== "", undefined, { timeout: 20000 });
  console.log(await page.locator("#answer").innerText());
} catch (error) {
  errors.push(error.message);
}
await browser.close();
server.close();
if (errors.length > 0) {
  console.error(errors.join("\n"));
  process.exitCode = 1;
}
