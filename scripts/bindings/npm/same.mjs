// Whether the program and others give the same labels, and shares that differ by no more than the rounding of real sums, which
// processors with fused multiply-adds do otherwise than WebAssembly: node same.mjs PROGRAM.json OTHER...
import { readFileSync } from "node:fs";

const MOST = 1e-5;
const [program, ...others] = process.argv.slice(2);
const { predictions } = JSON.parse(readFileSync(program, "utf8"));
const expected = predictions.slice(0, 3);
for (const file of others) {
  const found = readFileSync(file, "utf8").trim().split(", ");
  const isSame = expected.every(({ label, probability }, at) => {
    const [, theirs, share] = found[at].match(/^(.*) (\S+)$/);
    return theirs === label && Math.abs(Number(share) - probability) <= MOST * probability;
  });
  if (!isSame || found.length !== expected.length) {
    throw new Error(`${file} has ${found}, the program ${JSON.stringify(expected)}`);
  }
}
console.log("A page in a bundle and Node.js say what the program says.");
