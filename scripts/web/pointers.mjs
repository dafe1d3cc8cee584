// Fingers, pens and scaled pages: on the page in Chromium, ink has to be under whatever draws it.
//
//   node scripts/web/pointers.mjs URL [--chromium PATH] [--shots FOLDER]
//
// Everything is asked of pictures of the screen, so that the page has no part in saying where its ink is. See run.sh.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options, positionals: [url] } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: "string" }, chromium: { type: "string", default: "/usr/bin/chromium" } },
});
const failures = [];
const expect = (holds, what) => {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures.push(what);
};

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const reader = await (await browser.newContext()).newPage();

async function opened(settings, style) {
  const context = await browser.newContext({ viewport: { width: 390, height: 780 }, colorScheme: "light", bypassCSP: true, ...settings });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => document.body.dataset.model);
  if (style) await page.addStyleTag({ content: style });
  await page.waitForTimeout(200);
  return { context, page, devtools: await context.newCDPSession(page) };
}

/** What the screen shows, and how many of its pixels make one of the window's. */
async function screen(devtools, name) {
  const { data } = await devtools.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: false });
  if (options.shots) writeFileSync(join(options.shots, `${name}.png`), Buffer.from(data, "base64"));
  return reader.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const light = Array.from({ length: bitmap.width * bitmap.height }, (_, at) => pixels[4 * at + 1]);
    return { width: bitmap.width, height: bitmap.height, light };
  }, data);
}

/** How far the middle of a level line's ink is above or below a place, in the window's pixels; nothing where none is near. */
function distance({ width, light }, scale, [x, y], reach = 20) {
  let [sum, count] = [0, 0];
  const column = Math.round(x * scale);
  for (let row = Math.round((y - reach) * scale); row <= (y + reach) * scale; row += 1) {
    const ink = 255 - light[row * width + column];
    if (ink < 100) continue;
    sum += ink * (row + 0.5);
    count += ink;
  }
  return count ? Math.abs(sum / count / scale - y) : undefined;
}

const line = (from, to, y) => Array.from({ length: 12 }, (_, at) => [from + ((to - from) * at) / 11, y]);

/** A finger that goes along places of the screen, which the browser is told in pixels of the zoomed page. */
async function touch(devtools, points, zoom = 1) {
  const send = (type, places) =>
    devtools.send("Input.dispatchTouchEvent", { type, touchPoints: places.map(([x, y]) => ({ x: x / zoom, y: y / zoom, id: 1 })) });
  await send("touchStart", [points[0]]);
  for (const point of points) await send("touchMove", [point]);
  await send("touchEnd", []);
}

async function press(devtools, points, pointerType) {
  const send = (type, [x, y], buttons) =>
    devtools.send("Input.dispatchMouseEvent", { type, x, y, button: buttons ? "left" : "none", buttons, pointerType, force: 0.5, clickCount: 1 });
  await send("mouseMoved", points[0], 0);
  await devtools.send("Input.dispatchMouseEvent", { type: "mousePressed", x: points[0][0], y: points[0][1], button: "left", buttons: 1, pointerType, force: 0.5, clickCount: 1 });
  for (const point of points) await send("mouseMoved", point, 1);
  const [x, y] = points.at(-1);
  await devtools.send("Input.dispatchMouseEvent", { type: "mouseReleased", x, y, button: "left", buttons: 0, pointerType, clickCount: 1 });
}

/** That ink is under a line's points, in the window's pixels. */
async function isUnder(devtools, windowWidth, points, what) {
  const picture = await screen(devtools, what.replaceAll(/[^a-z0-9]+/gi, "-"));
  const scale = picture.width / windowWidth;
  const found = points.slice(1, -1).map((point) => distance(picture, scale, point));
  const farthest = found.includes(undefined) ? undefined : Math.max(...found);
  expect(farthest <= 1, `${what}: ink ${farthest === undefined ? "is not" : `within ${farthest.toFixed(2)} px of the line`} under the pointer`);
  return picture;
}

for (const deviceScaleFactor of [1, 2, 3]) {
  const phone = { deviceScaleFactor, hasTouch: true, isMobile: true };
  for (const zoom of [1, 2.5]) {
    const { context, page, devtools } = await opened(phone);
    await devtools.send("Emulation.setPageScaleFactor", { pageScaleFactor: zoom });
    await page.waitForTimeout(300);
    const points = line(80, 300, 330);
    const place = () => page.evaluate(() => [visualViewport.offsetLeft, visualViewport.offsetTop]);
    const before = await place();
    await touch(devtools, points, zoom);
    await page.waitForTimeout(200);
    const after = await place();
    expect(`${before}` === `${after}`, `ratio ${deviceScaleFactor}, zoom ${zoom}: the view stays where it is`);
    await isUnder(devtools, 390, points, `a finger, ratio ${deviceScaleFactor}, zoom ${zoom}`);
    await context.close();
  }
  for (const [name, style] of [
    ["zoomed by CSS", "body { zoom: 1.4; height: calc(100dvh / 1.4) }"],
    ["scaled by a transform", "body { transform: scale(0.8); transform-origin: 0 0 }"],
  ]) {
    const { context, devtools } = await opened({ deviceScaleFactor }, style);
    const points = line(90, 290, 320);
    await press(devtools, points, "mouse");
    await isUnder(devtools, 390, points, `a mouse on a page ${name}, ratio ${deviceScaleFactor}`);
    await context.close();
  }
}

// A palm that lies on the sheet before the pen comes, and one that comes while it draws.
{
  const { context, page, devtools } = await opened({ deviceScaleFactor: 2, hasTouch: true, isMobile: true });
  const palm = [{ x: 330, y: 400, id: 7, radiusX: 30, radiusY: 30 }];
  await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: palm });
  const points = line(80, 250, 300);
  await press(devtools, points, "pen");
  await devtools.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ ...palm[0], x: 340 }] });
  await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await touch(devtools, line(300, 340, 370));
  const picture = await isUnder(devtools, 390, points, "a pen beside a palm");
  const isClean = [[330, 400], [340, 400], [320, 370]].every((place) => distance(picture, picture.width / 390, place) === undefined);
  expect(isClean, "a palm draws nothing");
  await page.waitForTimeout(1200);
  const finger = line(80, 250, 350);
  await touch(devtools, finger);
  await isUnder(devtools, 390, finger, "a finger when the pen is gone");
  await context.close();
}

await browser.close();
process.exitCode = failures.length ? 1 : 0;
