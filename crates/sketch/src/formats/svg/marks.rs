//! Visible content of an SVG: the shapes that are ink, and whether their lines say all of it.

use usvg::tiny_skia_path::{PathSegment, Point, Rect};
use usvg::{Group, Node, Paint, Path, Tree};

/// The least share of a color that is seen.
const LEAST_OPACITY: f32 = 0.02;
/// The least distance from the paper of what is seen, of 255, less being noise; and as a share of the farthest, less being a
/// grid or a watermark, which would be lost in a picture too.
const LEAST_CONTRAST: f32 = 16.0;
const FAINT: f32 = 0.15;
/// Largest distance of a frame from the picture's edge, and of its paper from what it holds, as shares of
/// the longer side.
const EDGE: f32 = 0.03;
/// Most sheets of paper that are removed from under a drawing.
const MAX_SHEETS: usize = 8;
/// The most lines that are each compared with what hides them.
const MAX_BENEATH: usize = 1000;
/// The largest filled spot that is a tap of the pen, as a share of the longer side of the drawing.
const DOT: f32 = 0.05;

/// A color; nothing where it is not the same everywhere.
type UniformColor = Option<[u8; 3]>;

/// White, what a browser shows behind a picture.
const WHITE: [u8; 3] = [255; 3];

/// A shape that can be seen, in the order in which shapes are painted.
pub(super) struct VisibleShape<'a> {
    pub path: &'a Path,
    bounds: Rect,
    fill: Option<PaintLayer>,
    stroke: Option<PaintLayer>,
}

/// A color over what is beneath.
#[derive(Clone, Copy)]
struct PaintLayer {
    color: UniformColor,
    opacity: f32,
}

impl PaintLayer {
    fn new(paint: &Paint, opacity: f32) -> Option<Self> {
        let color = match paint {
            Paint::Color(color) => Some([color.red, color.green, color.blue]),
            _ => None,
        };
        (opacity >= LEAST_OPACITY).then_some(Self { color, opacity })
    }

    /// Distance from the color of the paper, of 255.
    fn away(&self, paper: [u8; 3]) -> f32 {
        let Some(color) = self.color else { return 255.0 };
        let away = color.iter().zip(paper).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
        f32::from(away) * self.opacity
    }

    fn is_opaque(&self) -> bool {
        self.opacity > 0.99
    }
}

/// Color of the paper, and the least distance from it that counts as ink.
#[derive(Clone, Copy)]
struct PaperContrast {
    paper: [u8; 3],
    least: f32,
}

impl PaperContrast {
    fn new(paper: [u8; 3], marks: &[VisibleShape<'_>]) -> Self {
        let coats = marks.iter().flat_map(|mark| [mark.fill, mark.stroke]).flatten();
        let farthest = coats.map(|coat| coat.away(paper)).fold(0.0, f32::max);
        Self { paper, least: (FAINT * farthest).max(LEAST_CONTRAST) }
    }

    fn is_ink(&self, coat: &PaintLayer) -> bool {
        coat.away(self.paper) >= self.least
    }

    fn has_ink(&self, mark: &VisibleShape<'_>) -> bool {
        [mark.fill, mark.stroke].iter().flatten().any(|coat| self.is_ink(coat))
    }
}

/// Shapes, paper and frames of an SVG tree.
pub(super) struct VisibleContent<'a> {
    /// The marks that are lines and taps of the pen, in order.
    pub marks: Vec<VisibleShape<'a>>,
    /// The paper.
    pub paper: [u8; 3],
    /// Frames around the sheet.
    pub frames: Vec<&'a Path>,
    /// All that can be seen but sheets and frames, as far as it is inside the picture.
    pub bounds: Option<Rect>,
    /// True if more or less is visible than the shapes' lines.
    pub is_picture: bool,
}

impl<'a> VisibleContent<'a> {
    /// `sized` says whether the document has edges, or only those that it has without saying so.
    pub(crate) fn new(tree: &'a Tree, sized: bool) -> Self {
        let mut seen = ShapeCollector::default();
        seen.group(tree.root(), 1.0);
        let ShapeCollector { mut marks, images, mut is_picture } = seen;
        let mut paper = WHITE;
        let size = tree.size();
        let edges = Rect::from_xywh(0.0, 0.0, size.width(), size.height()).filter(|_| sized);
        let mut sheets = Vec::from_iter(edges);
        for _ in 0..MAX_SHEETS {
            let Some(color) = sheet(&marks, edges) else { break };
            // On a sheet whose color is not the same everywhere nothing is told from it here.
            is_picture |= color.is_none();
            paper = color.unwrap_or(paper);
            sheets.push(marks.remove(0).bounds);
        }
        let contrast = PaperContrast::new(paper, &marks);
        let frames = sheets.iter().flat_map(|sheet| take_frames(&mut marks, sheet, contrast)).collect();
        drop_outside(&mut marks, edges);
        // Of what leaves the picture only a part is seen.
        is_picture |= edges.is_some_and(|edges| {
            let slack = EDGE * longer(&edges);
            marks.iter().any(|mark| overlap(&mark.painted(), &edges) && !covers(&edges, &mark.bounds, slack))
        });
        let bounds =
            within(images.into_iter().chain(marks.iter().map(VisibleShape::painted)).reduce(union), edges);
        let contrast = PaperContrast::new(paper, &marks);
        if !marks.iter().any(|mark| contrast.has_ink(mark)) {
            // Lines in the color of the paper alone are what somebody drew, wherever it is to be laid.
            marks.retain(|mark| mark.stroke.is_some());
            return Self { marks, paper, frames, bounds, is_picture };
        }
        let (marks, has_more) = lines(marks, contrast);
        Self { marks, paper, frames, bounds, is_picture: is_picture || has_more }
    }
}

/// The marks that are lines and taps of the pen, and whether others show or hide something.
fn lines(marks: Vec<VisibleShape<'_>>, contrast: PaperContrast) -> (Vec<VisibleShape<'_>>, bool) {
    let ink = marks.iter().filter(|mark| contrast.has_ink(mark)).map(|mark| mark.bounds);
    let dot = DOT * ink.reduce(union).map_or(0.0, |ink| longer(&ink));
    let (mut lines, mut beneath, mut has_more) = (Vec::new(), CoveredLines::default(), false);
    for mark in marks {
        let coats = [mark.fill, mark.stroke];
        let [fill, stroke] = coats.map(|coat| coat.filter(|coat| contrast.is_ink(coat)));
        let is_dot = stroke.is_none() && fill.is_some() && mark.is_spot(dot);
        // An eraser, or a shape in front of others.
        let hides = coats.iter().flatten().any(|coat| coat.opacity > 0.5 && !contrast.is_ink(coat));
        has_more = has_more || fill.is_some() && !is_dot || hides && beneath.reaches(&mark.painted());
        if stroke.is_some() || is_dot {
            beneath.push(mark.painted());
            lines.push(VisibleShape { stroke, ..mark });
        }
    }
    (lines, has_more)
}

/// Bounds of lines that a later shape may hide.
#[derive(Default)]
struct CoveredLines(Vec<Rect>);

impl CoveredLines {
    /// Adds a line; beyond [`MAX_BENEATH`] they count as one.
    fn push(&mut self, bounds: Rect) {
        if self.0.len() < MAX_BENEATH {
            self.0.push(bounds);
        } else {
            self.0[0] = union(self.0[0], bounds);
        }
    }

    fn reaches(&self, bounds: &Rect) -> bool {
        self.0.iter().any(|line| overlap(line, bounds))
    }
}

impl VisibleShape<'_> {
    /// True if its outline is traced; otherwise it is a dot at its center.
    pub(crate) fn is_line(&self) -> bool {
        self.stroke.is_some()
    }

    /// The middle of a spot.
    pub(crate) fn middle(&self) -> [f32; 2] {
        [(self.bounds.left() + self.bounds.right()) / 2.0, (self.bounds.top() + self.bounds.bottom()) / 2.0]
    }

    /// Bounds of its paint.
    fn painted(&self) -> Rect {
        if self.stroke.is_some() { self.path.abs_stroke_bounding_box() } else { self.bounds }
    }

    fn is_spot(&self, largest: f32) -> bool {
        let (width, height) = (self.bounds.width(), self.bounds.height());
        width.max(height) <= largest && width.max(height) <= 1.5 * width.min(height)
    }

    /// True if it is an axis-aligned rectangle, with round corners or without.
    fn is_rectangle(&self) -> bool {
        let mut corners = Vec::new();
        let mut is_round = false;
        for segment in self.path.data().segments() {
            let mut to = match segment {
                PathSegment::MoveTo(to) | PathSegment::LineTo(to) => to,
                PathSegment::QuadTo(_, to) | PathSegment::CubicTo(_, _, to) => {
                    is_round = true;
                    to
                }
                PathSegment::Close => continue,
            };
            self.path.abs_transform().map_point(&mut to);
            corners.push(to);
        }
        if corners.len() > 1 && corners[0] == corners[corners.len() - 1] {
            corners.pop();
        }
        let near = |a: f32, b: f32| (a - b).abs() <= 1e-3 * (self.bounds.width() + self.bounds.height());
        let at_edge = |x: f32, low: f32, high: f32| near(x, low) || near(x, high);
        let across = |corner: &Point| at_edge(corner.x, self.bounds.left(), self.bounds.right());
        let down = |corner: &Point| at_edge(corner.y, self.bounds.top(), self.bounds.bottom());
        if is_round {
            // A circle has four ends of curves, each in the middle of an edge.
            return corners.len() == 8 && corners.iter().all(|corner| across(corner) || down(corner));
        }
        corners.len() == 4
            && corners.iter().all(|corner| across(corner) && down(corner))
            && (near(corners[0].x, corners[1].x) != near(corners[0].y, corners[1].y))
    }
}

/// Collects what can be seen.
#[derive(Default)]
struct ShapeCollector<'a> {
    marks: Vec<VisibleShape<'a>>,
    /// Bounds of embedded pictures.
    images: Vec<Rect>,
    is_picture: bool,
}

impl<'a> ShapeCollector<'a> {
    fn group(&mut self, group: &'a Group, opacity: f32) {
        let opacity = opacity * group.opacity().get();
        if opacity < LEAST_OPACITY {
            return;
        }
        self.is_picture |=
            group.mask().is_some() || group.clip_path().is_some_and(|clip| !contains(clip, group));
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, opacity),
                Node::Path(path) => self.marks.extend(mark(path, opacity)),
                Node::Image(image) if image.is_visible() => {
                    self.images.push(image.abs_bounding_box());
                    self.is_picture = true;
                }
                Node::Image(_) | Node::Text(_) => {}
            }
        }
    }
}

fn mark(path: &Path, opacity: f32) -> Option<VisibleShape<'_>> {
    let fill = path.fill().and_then(|fill| PaintLayer::new(fill.paint(), opacity * fill.opacity().get()));
    let stroke =
        path.stroke().and_then(|stroke| PaintLayer::new(stroke.paint(), opacity * stroke.opacity().get()));
    let bounds = path.abs_bounding_box();
    let fill = fill.filter(|_| has_area(path));
    let seen = path.is_visible() && (fill.is_some() || stroke.is_some());
    seen.then_some(VisibleShape { path, bounds, fill, stroke })
}

/// True if a clip is a rectangle around all that it clips, as drawing programs write around a page.
fn contains(clip: &usvg::ClipPath, group: &Group) -> bool {
    let [Node::Path(path)] = clip.root().children() else { return false };
    let Some(mark) = mark(path, 1.0).filter(|_| clip.clip_path().is_none()) else { return false };
    let bounds = path.data().bounds().transform(clip.transform().pre_concat(path.abs_transform()));
    let inside = group.bounding_box();
    let slack = EDGE * longer(&inside);
    mark.is_rectangle() && bounds.is_some_and(|bounds| covers(&bounds, &inside, slack))
}

/// The color of the first mark, where it is a sheet of paper under all others.
fn sheet(marks: &[VisibleShape<'_>], edges: Option<Rect>) -> Option<UniformColor> {
    let (first, rest) = marks.split_first()?;
    let fill = first.fill.filter(PaintLayer::is_opaque)?;
    let around = within(rest.iter().map(|mark| mark.bounds).reduce(union), edges)?;
    let slack = EDGE * longer(&around);
    (first.is_rectangle() && covers(&first.bounds, &around, slack)).then_some(fill.color)
}

/// Takes rectangles away that stand at the edges of a sheet with all else inside.
fn take_frames<'a>(
    marks: &mut Vec<VisibleShape<'a>>,
    sheet: &Rect,
    contrast: PaperContrast,
) -> Vec<&'a Path> {
    let slack = EDGE * longer(sheet);
    let is_frame = |mark: &VisibleShape| {
        let near = |a: f32, b: f32| (a - b).abs() <= slack;
        near(mark.bounds.left(), sheet.left())
            && near(mark.bounds.right(), sheet.right())
            && near(mark.bounds.top(), sheet.top())
            && near(mark.bounds.bottom(), sheet.bottom())
            && mark.stroke.is_some()
            && mark.fill.is_none_or(|fill| !contrast.is_ink(&fill))
            && mark.is_rectangle()
    };
    let (around, inside): (Vec<_>, Vec<_>) = std::mem::take(marks).into_iter().partition(is_frame);
    let (kept, frames) = if inside.is_empty() { (around, inside) } else { (inside, around) };
    *marks = kept;
    frames.into_iter().map(|mark| mark.path).collect()
}

fn covers(outer: &Rect, inner: &Rect, slack: f32) -> bool {
    outer.left() <= inner.left() + slack
        && outer.top() <= inner.top() + slack
        && outer.right() >= inner.right() - slack
        && outer.bottom() >= inner.bottom() - slack
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.left() <= b.right() && b.left() <= a.right() && a.top() <= b.bottom() && b.top() <= a.bottom()
}

fn union(a: Rect, b: Rect) -> Rect {
    let [left, top] = [a.left().min(b.left()), a.top().min(b.top())];
    Rect::from_ltrb(left, top, a.right().max(b.right()), a.bottom().max(b.bottom())).unwrap_or(a)
}

/// The part of a rectangle that is inside the edges, or all of it where there are none.
fn within(bounds: Option<Rect>, edges: Option<Rect>) -> Option<Rect> {
    match (bounds?, edges) {
        (bounds, Some(edges)) => bounds.intersect(&edges),
        (bounds, None) => Some(bounds),
    }
}

/// Drops what is outside the picture, unless that is all.
fn drop_outside(marks: &mut Vec<VisibleShape<'_>>, edges: Option<Rect>) {
    let Some(edges) = edges else { return };
    if marks.iter().any(|mark| overlap(&mark.painted(), &edges)) {
        marks.retain(|mark| overlap(&mark.painted(), &edges));
    }
}

/// True if a path has three corners or a curve in one part.
fn has_area(path: &Path) -> bool {
    let mut corners = 0;
    path.data().segments().any(|segment| {
        match segment {
            PathSegment::MoveTo(_) => corners = 1,
            PathSegment::LineTo(_) => corners += 1,
            PathSegment::QuadTo(..) | PathSegment::CubicTo(..) => corners = 3,
            PathSegment::Close => {}
        }
        corners > 2
    })
}

fn longer(rect: &Rect) -> f32 {
    rect.width().max(rect.height())
}
