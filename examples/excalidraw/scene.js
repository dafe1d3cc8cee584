// Sketches on a whiteboard of Excalidraw: what belongs to one group, or lies close together.

/** The gap between parts of one sketch, as a part of the larger one's diagonal. `dabnet recognize` has the same. */
const NEAR = 0.07;
const ELLIPSE_CORNERS = 48;

/** Sketches of live elements, each with its elements and its strokes; of those that are selected alone, if any are. */
export function sketches(elements, selected = {}) {
  const drawn = elements.filter((element) => !element.isDeleted && strokesOf(element).length > 0);
  const chosen = drawn.filter(({ id }) => selected[id]);
  const clusters = [];
  for (const members of grouped(chosen.length > 0 ? chosen : drawn)) {
    let cluster = { members, box: box(members.flatMap(strokesOf).flat()), frame: members[0].frameId };
    // What has grown may be near others now.
    for (let near; (near = clusters.findIndex((other) => isNear(cluster, other))) >= 0; ) {
      const [other] = clusters.splice(near, 1);
      cluster = { ...cluster, members: [...other.members, ...cluster.members], box: box([...corners(other.box), ...corners(cluster.box)]) };
    }
    clusters.push(cluster);
  }
  return clusters.map(({ members, box }) => ({ elements: members, strokes: members.flatMap(strokesOf), box }));
}

/** Elements of each group, and each of those that are in none. */
function grouped(elements) {
  const groups = Map.groupBy(elements, (element) => element.groupIds?.at(-1) ?? element.id);
  return [...groups.values()];
}

/** Lines of an element in the scene; none for text, pictures and frames. */
export function strokesOf(element) {
  const lines = outline(element).filter((line) => line.length > 0);
  if (lines.length === 0) return [];
  const [low, high] = box(lines.flat());
  const [middleX, middleY] = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  const [sin, cos] = [Math.sin(element.angle ?? 0), Math.cos(element.angle ?? 0)];
  const place = ([x, y]) => [
    element.x + middleX + cos * (x - middleX) - sin * (y - middleY),
    element.y + middleY + sin * (x - middleX) + cos * (y - middleY),
  ];
  return lines.map((line) => line.map(place));
}

function outline({ type, width, height, points }) {
  const corners = (...parts) => [[...parts, parts[0]].map(([x, y]) => [x * width, y * height])];
  switch (type) {
    case "freedraw": case "line": case "arrow":
      return [points];
    case "rectangle":
      return corners([0, 0], [1, 0], [1, 1], [0, 1]);
    case "diamond":
      return corners([0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]);
    case "ellipse":
      return corners(...Array.from({ length: ELLIPSE_CORNERS }, (_, at) => {
        const turn = (2 * Math.PI * at) / ELLIPSE_CORNERS;
        return [0.5 + 0.5 * Math.cos(turn), 0.5 + 0.5 * Math.sin(turn)];
      }));
    default:
      return [];
  }
}

function box(points) {
  return [Math.min, Math.max].map((most) => [0, 1].map((axis) => points.reduce((best, point) => most(best, point[axis]), points[0][axis])));
}

const corners = ([low, high]) => [low, high];
const diagonal = ([low, high]) => Math.hypot(high[0] - low[0], high[1] - low[1]);

function isNear(a, b) {
  const gap = [0, 1].map((axis) => Math.max(a.box[0][axis] - b.box[1][axis], b.box[0][axis] - a.box[1][axis], 0));
  return a.frame === b.frame && Math.hypot(...gap) <= NEAR * Math.max(diagonal(a.box), diagonal(b.box));
}
