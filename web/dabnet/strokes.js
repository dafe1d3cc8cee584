/**
 * Strokes as the engine reads them: x and y of every point, and NaN twice after every stroke. A stroke is an array of
 * points `[x, y]`, or x and y in turns in a `Float32Array`; what is one `Float32Array` is taken to be packed already.
 */
export function packed(strokes) {
  if (strokes instanceof Float32Array) return strokes;
  const flat = strokes.map((stroke) => (stroke instanceof Float32Array ? stroke : Float32Array.from(stroke.flatMap(([x, y]) => [x, y]))));
  const numbers = new Float32Array(flat.reduce((sum, stroke) => sum + stroke.length + 2, 0));
  let at = 0;
  for (const stroke of flat) {
    numbers.set(stroke, at);
    at += stroke.length + 2;
    numbers.fill(NaN, at - 2, at);
  }
  return numbers;
}
