// The npm package in Node.js: what it takes for a drawing, what it refuses, and that a file is enough to load from.
//
//   node --test scripts/web/package.test.mjs
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Recognizer, WorkerRecognizer } from "../../web/dabnet/index.js";
import { MicroRecognizer } from "../../web/dabnet/micro.js";
import { packed } from "../../web/dabnet/strokes.js";

const MODEL = "models/quickdraw-20/model.safetensors";
const SQUARE = [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]];

test("all ways to write a drawing are the same", () => {
  const expected = packed(SQUARE);
  const flat = Float32Array.from(SQUARE[0].flat());
  const columns = { word: "square", drawing: [[[0, 9, 9, 0, 0], [0, 0, 9, 9, 0]]] };
  const named = [SQUARE[0].map(([x, y]) => ({ x, y, pressure: 0.5 }))];
  const timed = [SQUARE[0].map(([x, y], at) => [x, y, at, 0.5])];
  for (const drawing of [[flat], named, timed, columns, expected, [[], ...SQUARE, []], { strokes: SQUARE }]) assert.deepEqual(packed(drawing), expected);
});

test("what is no drawing is an error", () => {
  const nothing = [[], [[]], { drawing: [] }, new Float32Array(0), new Float32Array([NaN, NaN]), undefined, "line", {}];
  const wrong = [[[[1]]], [[[1, NaN]]], [[[1, Infinity]]], [[[1, "2"]]], [[{ x: 1 }]], [[null]], [[, [1, 2]]], [1], new Float32Array(3), new Float32Array([1, NaN])];
  const columns = [[[[0, 9, 9, 0, 0], [0, 0, 9, 9, 0]]], [[[0, 9, 9, 0], [0, 0, 9, 9]]], [[[0, 9, 9], [0, 0, 9], [0, 1, 2]]]];
  for (const drawing of [...nothing, ...wrong, ...columns, { drawing: [[[1, 2], [3]]] }]) {
    assert.throws(() => packed(drawing), TypeError, JSON.stringify(drawing));
  }
});

test("a path or a file's address is enough in Node.js", async () => {
  for (const model of [MODEL, new URL(`../../${MODEL}`, import.meta.url)]) {
    const recognizer = await Recognizer.load(model);
    assert.equal(recognizer.recognize(SQUARE).predictions.length, 5);
    assert.throws(() => recognizer.recognize([]), /no strokes/);
    const [square, other, line] = [SQUARE, [[[1, 0], [8, 1], [9, 9], [0, 8], [1, 0]]], [[[0, 0], [9, 2]]]].map((it) => recognizer.embed(it));
    const distance = (one) => square.reduce((sum, value, at) => sum + (value - one[at]) ** 2, 0);
    assert.equal(square.length, 256);
    assert.ok(distance(other) < distance(line));
    for (const top of [0, -1, 1.5, NaN, null]) assert.throws(() => recognizer.recognize(SQUARE, { top }), TypeError);
    for (const canvas of [null, [0], new Float64Array(4096), new Float32Array(4096).fill(NaN)]) {
      assert.throws(() => recognizer.logits(canvas), TypeError);
    }
  }
  await assert.rejects(Recognizer.load(), /give a model/);
  assert.throws(() => new Recognizer(), /Recognizer.load/);
  await assert.rejects(WorkerRecognizer.load(MODEL), /use Recognizer/);
});

const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? "target", "release/dabnet");

test("the smallest runner guesses as the engine does", { skip: !existsSync(PROGRAM) && `there is no ${PROGRAM}` }, async () => {
  const image = join(mkdtempSync(join(tmpdir(), "dabnet-")), "model.bin");
  execFileSync(PROGRAM, ["export", "quickdraw-20", "-o", image, "--form", "firmware"]);
  const [first, engine] = [await MicroRecognizer.load(image), await Recognizer.load(MODEL)];
  assert.deepEqual(first.description.labels, engine.description.labels);
  const star = [[[50, 0], [79, 90], [2, 35], [98, 35], [21, 90], [50, 0]]];
  for (const drawing of [SQUARE, star, [[[5, 5]]]]) {
    const [found, expected] = [first.recognize(drawing, { top: 3 }), engine.recognize(drawing, { top: 3 })];
    assert.equal(found.unknown, expected.unknown);
    found.predictions.forEach((guess, at) => {
      assert.equal(guess.label, expected.predictions[at].label);
      assert.equal(guess.class, expected.predictions[at].class);
      assert.ok(Math.abs(guess.probability - expected.predictions[at].probability) < 1e-5);
    });
  }
  assert.throws(() => first.recognize([]), /no strokes/);
  assert.throws(() => first.recognize(star, { top: 0 }), TypeError);
  await assert.rejects(MicroRecognizer.load(MODEL), /not an image/);
  await assert.rejects(MicroRecognizer.load(), /give a model/);
});
