// Draws real sketches on the page in Chromium, by pointer events, and compares what it guesses with what `dabnet recognize`
// says of the same sketches. Also: no error on the console, guesses offline, bytes loaded, times.
//
//   node scripts/web/check.mjs URL DABNET [--count N] [--shots FOLDER]
//
// See run.sh, which installs what this needs.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options, positionals: [url, dabnet] } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "240" }, shots: { type: "string" }, chromium: { type: "string", default: "/usr/bin/chromium" } },
});
const MODEL = "quickdraw-20";

/** Every n-th of the bundled test sketches. */
function sketches() {
  const lines = gunzipSync(readFileSync("data/quickdraw-20/test.ndjson.gz")).toString().trim().split("\n");
  const count = Number(options.count);
  return Array.from({ length: count }, (_, at) => lines[Math.floor((at * lines.length) / count)]);
}

/** The first label of each, by the program. */
function recognized(lines) {
  const file = join(mkdtempSync(join(tmpdir(), "dabnet-")), "sketches.ndjson");
  writeFileSync(file, lines.join("\n"));
  const printed = execFileSync(dabnet, ["recognize", "--model", `models/${MODEL}`, "--json", file], { maxBuffer: 1 << 28 });
  return printed.toString().trim().split("\n").map((line) => JSON.parse(line).predictions[0]);
}

/** A sketch's strokes, of 256 units, as places on the board. */
function placed(line, { x, y, width, height }) {
  const scale = Math.min(width, height) / 256;
  const left = x + (width - 256 * scale) / 2;
  const top = y + (height - 256 * scale) / 2;
  return JSON.parse(line).drawing.map(([xs, ys]) => xs.map((_, at) => [left + scale * xs[at], top + scale * ys[at]]));
}

async function draw(page, strokes) {
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...point);
    await page.mouse.up();
  }
  await page.waitForFunction(() => document.body.dataset.seen === document.body.dataset.drawn);
}

const guessed = (page) => page.locator("#guesses .first span").first().innerText();
const failures = [];
const expect = (holds, what) => {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures.push(what);
};

const arguments_ = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: options.chromium, args: arguments_ });
const complaints = [];

async function opened(settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...settings });
  const page = await context.newPage();
  page.on("console", (message) => {
    // Playwright's own word on what it was told to block.
    const isOurs = ["error", "warning"].includes(message.type()) && !message.text().includes("blocked by Playwright");
    if (isOurs) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { context, page };
}

/** Until the page guesses, with a certain model or with the one that it means to. */
async function ready(page, model) {
  await page.waitForFunction(() => document.body.dataset.model);
  if (!model) return page.waitForFunction(() => document.body.dataset.model === document.querySelector("#model").value);
  const value = await page.locator("#model option").evaluateAll((all, name) => all.find((it) => it.value.includes(name)).value, model);
  await page.selectOption("#model", value);
  await page.waitForFunction((value) => document.body.dataset.model === value, value);
}

// The same guesses.
{
  const { context, page } = await opened();
  await page.goto(url);
  await ready(page, MODEL);
  const board = await page.locator("#board").boundingBox();
  const lines = sketches();
  const expected = recognized(lines);
  const times = { worker: [], guess: [] };
  let same = 0;
  for (const [at, line] of lines.entries()) {
    await page.keyboard.press("Delete");
    await draw(page, placed(line, board));
    const label = await guessed(page);
    if (label === expected[at].label) same += 1;
    else console.log(`     sketch ${at}: ${label} on the page, ${expected[at].label} (${expected[at].probability.toFixed(2)}) by the program`);
    for (const name of Object.keys(times)) {
      times[name].push(...(await page.evaluate((name) => performance.getEntriesByName(name).map(({ duration }) => duration), name)));
    }
    await page.evaluate(() => performance.clearMeasures());
  }
  expect(same >= 0.99 * lines.length, `${same} of ${lines.length} sketches have the program's label`);
  const within = (name, share) => times[name].toSorted((a, b) => a - b)[Math.floor(share * (times[name].length - 1))].toFixed(1);
  const told = (name) => `median ${within(name, 0.5)} ms, 95 % within ${within(name, 0.95)} ms, 99 % within ${within(name, 0.99)} ms`;
  expect(within("worker", 0.99) < 16, `a guess in the worker: ${told("worker")}, of ${times.worker.length}`);
  console.log(`     from the page's asking to its answer: ${told("guess")}`);
  await context.close();
}

// What is loaded, and how soon there is a first guess: with an empty cache, as slow as Lighthouse's slow 4G, and as fast as comes.
for (const [name, network] of [
  ["unlimited", undefined],
  ["10 Mbit/s, 40 ms", { latency: 40, download: 10e6 }],
  ["1.6 Mbit/s, 150 ms (Lighthouse's slow 4G)", { latency: 150, download: 1.6e6 }],
]) {
  const { context, page } = await opened({ serviceWorkers: "block" });
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  if (network) {
    await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: network.latency, downloadThroughput: network.download / 8, uploadThroughput: network.download / 8 });
  }
  let bytes = 0;
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  const start = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.locator("#board").waitFor();
  const drawable = performance.now() - start;
  await page.waitForFunction(() => document.body.dataset.early ?? document.body.dataset.model);
  const guess = performance.now() - start;
  await ready(page);
  const all = performance.now() - start;
  console.log(`     ${name}: sheet after ${Math.round(drawable)} ms, guesses after ${Math.round(guess)} ms, of all words after ${Math.round(all)} ms, ${bytes} bytes`);
  await context.close();
}

// Everything, and then without a network.
{
  const { context, page } = await opened();
  await page.goto(url);
  await ready(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const sizes = await page.evaluate(async () => {
    const cache = await caches.open("dabnet");
    const files = await Promise.all((await cache.keys()).map(async (key) => (await (await cache.match(key)).arrayBuffer()).byteLength));
    return files.reduce((sum, bytes) => sum + bytes, 0);
  });
  await context.setOffline(true);
  await page.reload();
  await ready(page, MODEL);
  const [line] = sketches();
  await draw(page, placed(line, await page.locator("#board").boundingBox()));
  expect((await guessed(page)) === recognized([line])[0].label, `guesses without a network; ${sizes} bytes are kept`);
  await context.close();
}

// The game, with drawings that the program knows.
{
  const { context, page } = await opened();
  await page.goto(url);
  await ready(page, MODEL);
  const lines = sketches();
  const labels = recognized(lines).map(({ label }) => label);
  await page.click("#play");
  const rounds = [];
  while (!(await page.locator("#gallery").isVisible())) {
    const wanted = await page.locator("#wanted").innerText();
    rounds.push(wanted);
    const board = await page.locator("#board").boundingBox();
    const line = lines.find((line, at) => labels[at] === wanted && JSON.parse(line).word === wanted);
    // It may be known before it is finished; then the next one is asked for.
    for (const stroke of placed(line, board)) {
      await page.mouse.move(...stroke[0]);
      await page.mouse.down();
      for (const point of stroke.slice(1)) await page.mouse.move(...point);
      await page.mouse.up();
      await page.waitForTimeout(60);
      if ((await page.locator("#gallery").isVisible()) || (await page.locator("#wanted").innerText()) !== wanted) break;
    }
  }
  const title = await page.locator("#gallery-title").innerText();
  const cards = await page.locator("#drawings li").count();
  expect(new Set(rounds).size === 6 && cards === 6 && title === "It knew 6 of 6", `the game asks for six drawings and knows what the program knows: ${title}`);
  if (options.shots) await page.screenshot({ path: join(options.shots, "game.png") });
  await context.close();
}

// Without a mouse: a line by the keyboard, what is read out, and what a checker of accessibility, for which the page's
// policy has to be set aside, says.
{
  const { context, page } = await opened({ bypassCSP: true });
  await page.goto(url);
  await ready(page, MODEL);
  await page.locator("#board").focus();
  for (const key of ["Space", ..."RRRRRRRRDDDDDDDDLLLLLLLLUUUUUUUU", "Space"]) {
    await page.keyboard.press({ R: "ArrowRight", D: "ArrowDown", L: "ArrowLeft", U: "ArrowUp" }[key] ?? key);
  }
  await page.waitForFunction(() => document.body.dataset.seen === document.body.dataset.drawn);
  const spoken = await page.locator("#spoken").innerText();
  expect(spoken === "No word it knows yet" || spoken.split(", ").length === 3, `a square drawn with the keyboard is read out: ${spoken}`);
  await page.locator("#inside summary").click();
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core") });
  const { violations } = await page.evaluate(() => window.axe.run());
  expect(violations.length === 0, `axe finds nothing${violations.map(({ id, nodes }) => ` ${id}: ${nodes[0].html}`).join(";")}`);
  await context.close();
}

// Looks.
if (options.shots) {
  const bicycle = sketches().find((line) => JSON.parse(line).word === "bicycle");
  for (const [name, settings] of [
    ["desk-light", { colorScheme: "light" }],
    ["desk-dark", { colorScheme: "dark" }],
    ["phone-light", { colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true }],
    ["phone-dark", { colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true }],
  ]) {
    const { context, page } = await opened(settings);
    await page.goto(url);
    await ready(page);
    await page.screenshot({ path: join(options.shots, `${name}-blank.png`) });
    await draw(page, placed(bicycle, await page.locator("#board").boundingBox()));
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(options.shots, `${name}.png`) });
    await page.locator("#inside summary").click();
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(options.shots, `${name}-inside.png`), fullPage: true });
    await context.close();
  }
}

expect(complaints.length === 0, `nothing on the console${complaints.length ? `: ${complaints.slice(0, 5).join("; ")}` : ""}`);
await browser.close();
process.exitCode = failures.length ? 1 : 0;
