// Teaches the page a word in Chromium, by pointer events: five drawings, the sixth is told; also after a reload without a network, from a
// file, on a phone; and it is forgotten.
//
//   node scripts/web/words.mjs URL DABNET [--chromium PATH] [--shots FOLDER]
//
// See run.sh, which installs what this needs.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, devices } from "playwright-core";

const { values: options, positionals: [url, dabnet] } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: "string" }, chromium: { type: "string", default: "/usr/bin/chromium" } },
});
const failures = [];
const expect = (holds, what) => {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures.push(what);
};
const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const folder = mkdtempSync(join(tmpdir(), "dabnet-words-"));
const complaints = [];
const shot = (page, name) => options.shots && page.screenshot({ path: join(options.shots, `${name}.png`), fullPage: true });

async function opened(settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, bypassCSP: true, acceptDownloads: true, ...settings });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  await page.goto(url);
  await ready(page);
  return { context, page };
}

const ready = (page) => page.waitForFunction(() => document.body.dataset.model && document.body.dataset.model === document.querySelector("#model").value);

/** A sign of one's own, a little otherwise every time: a box with a zigzag in it. */
function sign(number, { x, y, width, height }) {
  const size = 0.7 * Math.min(width, height) * (1 - 0.02 * number);
  const wobble = (at) => 0.05 * Math.sin(1.7 * (7 * at + 13 * number));
  const placed = (points, from) => points.map(([u, v], at) => [x + width / 2 + size * (u - 0.5 + wobble(from + at)), y + height / 2 + size * (v - 0.5 + wobble(from + at + 5))]);
  return [
    placed([[0, 0.15], [1, 0.15], [1, 0.85], [0, 0.85], [0, 0.15]], 0),
    placed([[0.05, 0.5], [0.22, 0.2], [0.39, 0.8], [0.56, 0.2], [0.72, 0.8], [0.95, 0.5]], 9),
  ];
}

async function draw(page, strokes) {
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...point, { steps: 6 });
    await page.mouse.up();
  }
  await page.waitForFunction(() => document.body.dataset.seen === document.body.dataset.drawn);
}

const first = (page) => page.locator("#guesses .first span").first().innerText();
const board = (page) => page.locator("#board").boundingBox();

async function teach(page, word) {
  await page.click("#teach");
  await page.fill("#word", word);
  for (let number = 0; number < 5; number += 1) {
    await draw(page, sign(number, await board(page)));
    await page.click("#keep");
    await page.waitForFunction((count) => document.querySelector("#learned").textContent.startsWith(`${count} drawing`), number + 1);
  }
  await page.waitForFunction((word) => document.body.dataset.taught === word, word);
}

async function isTold(page, word, what) {
  await draw(page, sign(7, await board(page)));
  const found = await first(page);
  expect(found === word, `${what}: ${found}`);
  await page.keyboard.press("Delete");
}

async function axe(page, what) {
  await page.addScriptTag({ content: readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8") });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  expect(violations.length === 0, `axe finds nothing ${what}${violations.map(({ id, nodes }) => ` ${id}: ${nodes[0].html}`).join()}`);
}

for (const [name, settings] of [["a desktop", {}], ["a phone", { ...devices["Pixel 7"], bypassCSP: true }]]) {
  const { context, page } = await opened(settings);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await draw(page, sign(7, await board(page)));
  await shot(page, `words-before-${name.slice(2)}`);
  expect((await first(page)) !== "voltage box", `on ${name}, before, it is not told: ${await page.locator("#verdict").innerText()}`);
  await page.keyboard.press("Delete");
  await teach(page, "voltage box");
  await isTold(page, "voltage box", `on ${name}, the sixth is told`);
  await page.locator("#own summary").click();
  await axe(page, `while ${name} teaches`);
  await draw(page, sign(7, await board(page)));
  await shot(page, `words-taught-${name.slice(2)}`);
  await context.setOffline(true);
  await page.reload();
  await ready(page);
  await isTold(page, "voltage box", `on ${name}, after a reload without a network`);
  await context.setOffline(false);

  // What it knows from its training is not taught, and what is taught is forgotten again.
  if ((await page.locator("#lesson").isHidden())) await page.click("#teach");
  await draw(page, sign(7, await board(page)));
  await page.fill("#word", "cat");
  await page.click("#keep");
  expect((await page.locator("#learned").innerText()).includes("knows cat already"), `on ${name}, a word of its own is left alone`);
  await page.keyboard.press("Escape");
  if (!(await page.locator("#save").isVisible())) await page.locator("#own summary").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  const file = join(folder, "words.ndjson");
  await download.saveAs(file);
  await page.click("#own-words button");
  await page.waitForFunction(() => document.body.dataset.taught === "");
  await page.click("#clear");
  await draw(page, sign(7, await board(page)));
  expect((await first(page)) !== "voltage box", `on ${name}, it is forgotten: ${await first(page)}`);
  await page.click("#clear");

  // The file, in another browser and by the program.
  await page.setInputFiles("#file", file);
  await page.waitForFunction(() => document.body.dataset.taught === "voltage box");
  await isTold(page, "voltage box", `on ${name}, from a file`);
  await context.close();
  execFileSync(dabnet, ["teach", file, "-o", join(folder, "model"), "--force"]);
  const printed = execFileSync(dabnet, ["recognize", "--top", "1", "--model", join(folder, "model"), file]).toString();
  const right = printed.split("\n").filter((line) => line.includes(": voltage box")).length;
  expect(right === 5, `the program learns from the page's file: ${right} of 5`);
}
expect(complaints.length === 0, `the console is clean ${complaints.join("; ")}`);
await browser.close();
process.exit(failures.length > 0 ? 1 : 0);
