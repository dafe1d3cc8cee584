// Whether the program and others give the same labels and shares, to the last digit of single precision:
// node same.mjs PROGRAM.json OTHER...
import { readFileSync } from "node:fs";

const [program, ...others] = process.argv.slice(2);
const { predictions } = JSON.parse(readFileSync(program, "utf8"));
const expected = predictions.slice(0, 3).map(({ label, probability }) => [label, Math.fround(probability)]);
for (const file of others) {
  const found = readFileSync(file, "utf8").trim().split(", ").map((guess) => {
    const at = guess.lastIndexOf(" ");
    return [guess.slice(0, at), Math.fround(Number(guess.slice(at + 1)))];
  });
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${file} has ${JSON.stringify(found)}, the program ${JSON.stringify(expected)}`);
  }
}
console.log("A page in a bundle and Node.js say what the program says.");
