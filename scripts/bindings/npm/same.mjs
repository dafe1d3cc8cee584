// Whether the program and others give the same labels, and shares that differ by no more than the rounding of real sums, which
// processors with fused multiply-adds do otherwise than WebAssembly: node same.mjs PROGRAM.json OTHER...
import { readFileSync } from "node:fs";

const MOST = 1e-5;
const [program, ...others] = process.argv.slice(2);
const { predictions } = JSON.parse(readFileSync(program, "utf8"));
const expected = predictions.slice(0, 3);
const lines = others.flatMap((file) => readFileSync(file, "utf8").trim().split("\n").map((line) => [file, line]));
if (lines.length < others.length + 3) throw new Error(`only ${lines.length} answers of three bundlers, Node.js and Deno`);
for (const [file, line] of lines) {
  const found = line.split(", ");
  const isSame = expected.every(({ label, probability }, at) => {
    const [, theirs, share] = found[at].match(/^(.*) (\S+)$/);
    return theirs === label && Math.abs(Number(share) - probability) <= MOST * probability;
  });
  if (!isSame || found.length !== expected.length) {
    throw new Error(`${file} has ${found}, the program ${JSON.stringify(expected)}`);
  }
}
console.log("Pages of three bundlers, Node.js and Deno say what the program says.");
