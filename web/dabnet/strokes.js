/** Numbers that a point may have: x, y, and a time and a pressure, which say nothing of what is drawn. */
const MOST = 4;

/**
 * Strokes as the engine reads them: x and y of every point, and NaN twice after every stroke. A stroke is an array of
 * points `[x, y]` or `{ x, y }`, or x and y in turns in a `Float32Array`; what is one `Float32Array` is taken to be packed
 * already, and `{ drawing }` to be a line of Quick, Draw!; `{ strokes }` is what it holds. Strokes without points are passed over.
 */
export function packed(strokes) {
  if (strokes instanceof Float32Array) return checked(strokes);
  if (Array.isArray(strokes?.drawing)) return packed(strokes.drawing.map(rows));
  if (Array.isArray(strokes?.strokes)) return packed(strokes.strokes);
  if (!Array.isArray(strokes)) throw new TypeError("a drawing is an array of strokes, a Float32Array, { strokes } or { drawing }");
  const flat = strokes.map((stroke, at) => coordinates(stroke, at)).filter((stroke) => stroke.length > 0);
  if (flat.length === 0) throw new TypeError("the drawing has no strokes");
  const numbers = new Float32Array(flat.reduce((sum, stroke) => sum + stroke.length + 2, 0));
  let at = 0;
  for (const stroke of flat) {
    numbers.set(stroke, at);
    at += stroke.length + 2;
    numbers.fill(NaN, at - 2, at);
  }
  return numbers;
}

/** The points of a stroke that Quick, Draw! has: all x, all y and, perhaps, all times. */
function rows(stroke, at) {
  const [xs, ys] = stroke ?? [];
  if (!Array.isArray(xs) || xs.length !== ys?.length) throw new TypeError(`stroke ${at} of the drawing is not [[x, …], [y, …]]`);
  return xs.map((x, index) => [x, ys[index]]);
}

function coordinates(stroke, at) {
  if (!(stroke instanceof Float32Array) && !Array.isArray(stroke)) throw new TypeError(`stroke ${at} is no array of points`);
  if (looksLikeRows(stroke)) {
    throw new TypeError(`stroke ${at} may be points or Quick, Draw!'s columns: give points as [x, y] or { x, y }, or the line as { drawing }`);
  }
  const numbers = stroke instanceof Float32Array ? stroke : Float32Array.from(Array.from(stroke, (point) => place(point, at)).flat());
  if (numbers.length % 2 !== 0 || !numbers.every(Number.isFinite)) throw new TypeError(`stroke ${at} has a coordinate that is no number`);
  return numbers;
}

/** Whether two or three arrays of three or four numbers are all x, all y and, perhaps, all times as well as points. */
function looksLikeRows(stroke) {
  const lengths = Array.from(stroke, (row) => (Array.isArray(row) ? row.length : 0));
  return [2, 3].includes(lengths.length) && lengths.every((length) => length > 2 && length === lengths[0]);
}

function place(point, at) {
  const [x, y] = Array.isArray(point) || ArrayBuffer.isView(point) ? point : [point?.x, point?.y];
  if (point?.length > MOST) {
    throw new TypeError(`stroke ${at} has a point of ${point.length} numbers: a point is [x, y]; give a line of Quick, Draw! as { drawing }`);
  }
  if (typeof x !== "number" || typeof y !== "number") throw new TypeError(`stroke ${at} has a point that is neither [x, y] nor { x, y }`);
  return [x, y];
}

/** Numbers that are packed: pairs of them, or of NaN between strokes. */
function checked(numbers) {
  let points = 0;
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    const [x, y] = [numbers[at], numbers[at + 1]];
    if (Number.isFinite(x) && Number.isFinite(y)) points += 1;
    else if (!Number.isNaN(x) || !Number.isNaN(y)) throw new TypeError("a packed drawing is pairs of numbers, and NaN twice after every stroke");
  }
  if (numbers.length % 2 !== 0) throw new TypeError("a packed drawing has as many y as x");
  if (points === 0) throw new TypeError("the drawing has no strokes");
  return numbers;
}
