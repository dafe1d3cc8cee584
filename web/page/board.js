const WIDTH = 5;
const STEP = 6;
/** For so long after a pen was seen, in milliseconds, fingers are a palm that rests. */
const PALM = 1000;

/** The sheet that is drawn on: strokes in CSS pixels, and what was taken back. Tells of every change. */
export class Board extends EventTarget {
  strokes = [];
  undone = [];
  /** Rises with every change. */
  version = 0;
  #canvas;
  #context;
  #pointer;
  #isPen = false;
  #penSeen = -Infinity;
  #cursor;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { desynchronized: true });
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerover", (event) => this.#seePen(event));
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

  #seePen({ pointerType, timeStamp }) {
    if (pointerType === "pen") this.#penSeen = timeStamp;
  }

  /** Whether what touches the sheet is to draw: a pen always, and takes over from a palm that came first. */
  #mayDraw(event) {
    this.#seePen(event);
    if (event.button !== 0) return false;
    const isPen = event.pointerType === "pen";
    if (event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM) return false;
    if (this.#pointer === undefined) return true;
    if (!isPen || this.#isPen) return false;
    this.strokes = this.strokes.slice(0, -1);
    return true;
  }

  #down(event) {
    if (!this.#mayDraw(event)) return;
    event.preventDefault();
    // A page that is zoomed in must not jump.
    this.#canvas.focus({ focusVisible: false, preventScroll: true });
    this.#putCursor(undefined);
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#isPen = event.pointerType === "pen";
    this.undone = [];
    this.strokes = [...this.strokes, { points: [], widths: [] }];
    this.#add([event]);
  }

  #move(event) {
    this.#seePen(event);
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
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    // On a page that CSS has scaled, the sheet is as large as it looks.
    const scales = [this.#canvas.offsetWidth / width, this.#canvas.offsetHeight / height];
    const stroke = this.strokes.at(-1);
    for (const event of events) {
      const point = [
        (event.clientX - left) * scales[0] - this.#canvas.clientLeft,
        (event.clientY - top) * scales[1] - this.#canvas.clientTop,
      ];
      const last = stroke.points.at(-1);
      if (last && last[0] === point[0] && last[1] === point[1]) continue;
      stroke.points.push(point);
      stroke.widths.push(event.pointerType === "pen" && event.pressure > 0 ? WIDTH * (0.4 + 1.2 * event.pressure) : WIDTH);
    }
    this.redraw();
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

/** Draws strokes so that they fill a canvas, each as strongly as said. */
export function thumbnail(canvas, strokes, strengths) {
  const side = 160 * devicePixelRatio;
  canvas.width = canvas.height = side;
  const bounds = extent(strokes);
  if (!bounds) return;
  const [low, high] = bounds;
  const scale = (0.84 * side) / Math.max(high[0] - low[0], high[1] - low[1], 1);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, side / 2 - (scale * (low[0] + high[0])) / 2, side / 2 - (scale * (low[1] + high[1])) / 2);
  const thick = ({ points }, at) => ({ points, widths: points.map(() => (0.025 * side) / scale), strength: strengths?.[at] });
  paint(context, strokes.map(thick), ink(canvas));
}

/** The least and the largest x and y, where there are points. */
function extent(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  if (points.length === 0) return undefined;
  return [Math.min, Math.max].map((most) => [0, 1].map((axis) => points.reduce((best, point) => most(best, point[axis]), points[0][axis])));
}

const ink = (element) => getComputedStyle(element).color;

function paint(context, strokes, color) {
  context.strokeStyle = context.fillStyle = color;
  context.lineCap = context.lineJoin = "round";
  strokes.forEach((stroke) => paintStroke(context, stroke));
}

/** Draws a stroke at once, as edges of parts that are drawn one over another show. */
function paintStroke(context, { points, widths, strength = 1 }) {
  if (points.length === 0) return;
  context.globalAlpha = strength;
  context.beginPath();
  if (points.length > 1 && widths.every((width) => width === widths[0])) {
    context.lineWidth = widths[0];
    context.moveTo(...points[0]);
    points.slice(1).forEach((point) => context.lineTo(...point));
    return context.stroke();
  }
  // A line without length is not drawn, and a tap is a dot.
  points.forEach(([x, y], at) => {
    context.moveTo(x + widths[at] / 2, y);
    context.arc(x, y, widths[at] / 2, 0, 2 * Math.PI, true);
    if (at > 0) trapezium(context, points[at - 1], [x, y], widths[at - 1] / 2, widths[at] / 2);
  });
  context.fill();
}

/** What lies between two dots, wound as they are, so that all of it is filled. */
function trapezium(context, [fromX, fromY], [toX, toY], from, to) {
  const length = Math.hypot(toX - fromX, toY - fromY) || 1;
  const [x, y] = [(fromY - toY) / length, (toX - fromX) / length];
  context.moveTo(fromX + from * x, fromY + from * y);
  context.lineTo(toX + to * x, toY + to * y);
  context.lineTo(toX - to * x, toY - to * y);
  context.lineTo(fromX - from * x, fromY - from * y);
  context.closePath();
}

function cross(context, { at: [x, y], stroke }, color) {
  context.strokeStyle = color;
  context.lineWidth = stroke ? 3 : 1;
  context.beginPath();
  context.moveTo(x - 10, y);
  context.lineTo(x + 10, y);
  context.moveTo(x, y - 10);
  context.lineTo(x, y + 10);
  context.stroke();
}
