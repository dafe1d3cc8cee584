// Finds icons of Lucide in Chromium by drawing them, on a page that `dabnet page --icons` wrote: real sketches of words that have an icon, by
// pointer events.
//
//   node scripts/web/icons.mjs FOLDER [--chromium PATH] [--shots FOLDER]
//
// See run.sh, which installs what this needs.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { chromium, devices } from "playwright-core";

const { values: options, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: "string" }, chromium: { type: "string", default: "/usr/bin/chromium" } },
});
/** Icons that show what a word says. */
const ICONS = {
  airplane: ["plane"], "alarm clock": ["alarm-clock"], apple: ["apple"], bicycle: ["bike"], bird: ["bird"], bus: ["bus", "bus-front"],
  car: ["car", "car-front"], cat: ["cat"], dog: ["dog"], eyeglasses: ["glasses"], fish: ["fish", "fish-symbol"], flower: ["flower", "flower-2"],
  guitar: ["guitar"], house: ["house", "house-plus"], star: ["star"], tree: ["tree-deciduous", "tree-pine", "trees"], umbrella: ["umbrella"],
};
const TRIED_EACH = 4;
/** Share of these drawings that has its icon among those shown, at least. */
const LEAST = 0.5;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml" };

const failures = [];
const expect = (holds, what) => {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures.push(what);
};

const server = createServer(({ url }, response) => {
  const file = join(folder, decodeURIComponent(url === "/" ? "index.html" : url.slice(1)));
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.on("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

/** Strokes of the first test drawings of each word. */
function drawings() {
  const lines = gunzipSync(readFileSync("data/quickdraw-20/test.ndjson.gz")).toString().trim().split("\n").map((line) => JSON.parse(line));
  return Object.keys(ICONS).flatMap((word) => lines.filter((line) => line.word === word).slice(0, TRIED_EACH));
}

async function draw(page, { drawing }) {
  const { x, y, width, height } = await page.locator("#board").boundingBox();
  const scale = (0.8 * Math.min(width, height)) / 256;
  for (const [xs, ys] of drawing) {
    const at = (point) => [x + width / 2 + scale * (xs[point] - 128), y + height / 2 + scale * (ys[point] - 128)];
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let point = 1; point < xs.length; point += 1) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
  await page.waitForFunction(() => document.querySelectorAll("#found li").length > 0);
  await page.waitForTimeout(60);
}

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu"] });
for (const [name, settings] of [["desktop", { viewport: { width: 1280, height: 860 } }], ["phone", devices["Pixel 7"]]]) {
  const context = await browser.newContext({ ...settings, bypassCSP: true, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("#state").textContent.endsWith("icons"));
  let [tried, right] = [0, 0];
  for (const drawing of drawings()) {
    if (name === "phone" && tried === 4) break;
    await draw(page, drawing);
    const shown = await page.locator("#found span").allInnerTexts();
    tried += 1;
    right += ICONS[drawing.word].some((icon) => shown.includes(icon));
    if (tried === 4 && options.shots) await page.screenshot({ path: join(options.shots, `icons-${name}.png`) });
    await page.click("#clear");
  }
  if (name === "desktop") expect(right >= LEAST * tried, `${right} of ${tried} drawings have their icon among the ${24} shown`);
  await draw(page, drawings()[0]);
  await page.locator("#found button").first().click();
  await page.waitForFunction(() => document.querySelector("#state").textContent.startsWith("Copied"));
  expect((await page.evaluate(() => navigator.clipboard.readText())).includes("<svg"), `on a ${name}, an icon is copied`);
  await page.addScriptTag({ content: readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8") });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  expect(violations.length === 0, `axe finds nothing on a ${name}${violations.map(({ id, nodes }) => ` ${id}: ${nodes[0].html}`).join()}`);
  expect(complaints.length === 0, `the console is clean on a ${name} ${complaints.join("; ")}`);
  await context.close();
}
await browser.close();
server.close();
process.exit(failures.length > 0 ? 1 : 0);
