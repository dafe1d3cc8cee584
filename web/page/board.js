const WIDTH = 5;
const STEP = 6;

/** The sheet that is drawn on: strokes in CSS pixels, and what was taken back. Tells of every change. */
export class Board extends EventTarget {
  strokes = [];
  undone = [];
  /** Rises with every change. */
  version = 0;
  #canvas;
  #context;
  #pointer;
  #cursor;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { desynchronized: true });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, (event) => this.#up(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#putCursor(undefined));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  get isDrawing() {
    return this.#pointer !== undefined || this.#cursor?.stroke !== undefined;
  }

  undo() {
    this.#lift();
    if (this.strokes.length > 0 && !this.isDrawing) this.#set(this.strokes.slice(0, -1), [...this.undone, this.strokes.at(-1)]);
  }

  redo() {
    this.#lift();
    if (this.undone.length > 0 && !this.isDrawing) this.#set([...this.strokes, this.undone.at(-1)], this.undone.slice(0, -1));
  }

  /** Takes everything back; `redo` brings it again, stroke by stroke. */
  clear() {
    this.#pointer = undefined;
    this.#cursor = undefined;
    this.#set([], this.strokes.toReversed());
  }

  /** A clean sheet from which nothing comes back. */
  reset() {
    this.clear();
    this.#set([], []);
  }

  redraw() {
    const { width, height } = this.#canvas;
    this.#context.clearRect(0, 0, width, height);
    paint(this.#context, this.strokes, ink(this.#canvas));
    if (this.#cursor) cross(this.#context, this.#cursor, ink(this.#canvas));
  }

  #set(strokes, undone) {
    this.strokes = strokes;
    this.undone = undone;
    this.redraw();
    this.#tell();
  }

  #tell() {
    this.version += 1;
    this.dispatchEvent(new Event("change"));
  }

  #resize() {
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(this.#canvas.clientWidth * scale);
    this.#canvas.height = Math.round(this.#canvas.clientHeight * scale);
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#fit();
    this.redraw();
  }

  /** Brings the drawing back onto a sheet that has become too small for it, as when a phone is turned. */
  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const bounds = extent([...this.strokes, ...this.undone]);
    if (!bounds || clientWidth === 0 || this.isDrawing) return;
    const [low, high] = bounds;
    const sizes = [clientWidth, clientHeight];
    if (sizes.every((size, axis) => low[axis] >= 0 && high[axis] <= size)) return;
    const scale = Math.min(1, ...sizes.map((size, axis) => (size - 2 * WIDTH) / Math.max(high[axis] - low[axis], 1)));
    const place = (point) => sizes.map((size, axis) => size / 2 + scale * (point[axis] - (low[axis] + high[axis]) / 2));
    for (const stroke of [...this.strokes, ...this.undone]) stroke.points = stroke.points.map(place);
  }

  #down(event) {
    if (this.#pointer !== undefined || event.button !== 0) return;
    event.preventDefault();
    this.#canvas.focus({ focusVisible: false });
    this.#putCursor(undefined);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.undone = [];
    this.strokes = [...this.strokes, { points: [], widths: [] }];
    this.#add([event]);
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.#add(events.length > 0 ? events : [event]);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.#tell();
  }

  #add(events) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const stroke = this.strokes.at(-1);
    const before = Math.max(stroke.points.length - 1, 0);
    for (const event of events) {
      const point = [event.clientX - left, event.clientY - top];
      const last = stroke.points.at(-1);
      if (last && last[0] === point[0] && last[1] === point[1]) continue;
      stroke.points.push(point);
      stroke.widths.push(event.pointerType === "pen" && event.pressure > 0 ? WIDTH * (0.4 + 1.2 * event.pressure) : WIDTH);
    }
    paintFrom(this.#context, stroke, before, ink(this.#canvas));
    this.#tell();
  }

  /** Ends a line that the keyboard draws. */
  #lift() {
    if (this.#cursor) this.#cursor.stroke = undefined;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#pointer !== undefined) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    if (!step && event.repeat) return;
    const { clientWidth, clientHeight } = this.#canvas;
    const cursor = this.#cursor ?? { at: [clientWidth / 2, clientHeight / 2] };
    if (step) {
      const length = event.shiftKey ? 4 * STEP : STEP;
      cursor.at = [cursor.at[0] + length * step[0], cursor.at[1] + length * step[1]].map((place, axis) =>
        Math.min(Math.max(place, 0), axis ? clientHeight : clientWidth));
      cursor.stroke?.points.push(cursor.at);
      cursor.stroke?.widths.push(WIDTH);
    } else if (cursor.stroke) {
      cursor.stroke = undefined;
    } else {
      cursor.stroke = { points: [cursor.at], widths: [WIDTH] };
      this.undone = [];
      this.strokes = [...this.strokes, cursor.stroke];
    }
    this.#putCursor(cursor);
    this.#tell();
  }

  #putCursor(cursor) {
    if (!this.#cursor && !cursor) return;
    this.#cursor = cursor;
    this.redraw();
  }
}

/** Draws strokes so that they fill a canvas. */
export function thumbnail(canvas, strokes) {
  const side = 160 * devicePixelRatio;
  canvas.width = canvas.height = side;
  const bounds = extent(strokes);
  if (!bounds) return;
  const [low, high] = bounds;
  const scale = (0.84 * side) / Math.max(high[0] - low[0], high[1] - low[1], 1);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, side / 2 - (scale * (low[0] + high[0])) / 2, side / 2 - (scale * (low[1] + high[1])) / 2);
  paint(context, strokes.map(({ points }) => ({ points, widths: points.map(() => (0.025 * side) / scale) })), ink(canvas));
}

/** The least and the largest x and y, where there are points. */
function extent(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  if (points.length === 0) return undefined;
  return [Math.min, Math.max].map((most) => [0, 1].map((axis) => points.reduce((best, point) => most(best, point[axis]), points[0][axis])));
}

const ink = (element) => getComputedStyle(element).color;

function paint(context, strokes, colour) {
  strokes.forEach((stroke) => paintFrom(context, stroke, 0, colour));
}

/** Draws a stroke from one of its points on. */
function paintFrom(context, { points, widths }, first, colour) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineCap = context.lineJoin = "round";
  if (first === 0 && points.length > 0) {
    // A line without length is not drawn, and a tap is a dot.
    context.beginPath();
    context.arc(...points[0], widths[0] / 2, 0, 2 * Math.PI);
    context.fill();
  }
  for (let at = Math.max(first, 1); at < points.length; at += 1) {
    context.lineWidth = widths[at];
    context.beginPath();
    context.moveTo(...points[at - 1]);
    context.lineTo(...points[at]);
    context.stroke();
  }
}

function cross(context, { at: [x, y], stroke }, colour) {
  context.strokeStyle = colour;
  context.lineWidth = stroke ? 3 : 1;
  context.beginPath();
  context.moveTo(x - 10, y);
  context.lineTo(x + 10, y);
  context.moveTo(x, y - 10);
  context.lineTo(x, y + 10);
  context.stroke();
}
