//! SVG: every line that the picture strokes, wherever its groups and transforms put it.
//!
//! Only what has a stroke is a line of the sketch; filled shapes without one are not. Text,
//! pictures, markers, clips, masks and filters are left out, and no other file is ever opened.

mod entities;
mod expansion;
mod styles;

use usvg::tiny_skia_path::{PathSegment, Point, Transform};
use usvg::{Group, ImageHrefResolver, Node, Options, Tree, roxmltree};

use super::MAX_POINTS;
use crate::{Drawing, Sketch, SketchError, Stroke};

/// The name space of its elements.
const SVG: &str = "http://www.w3.org/2000/svg";
/// The largest SVG file read, in bytes, after decompression.
pub const MAX_BYTES: u64 = 16 << 20;
/// The most XML nodes read.
const MAX_NODES: u32 = 200_000;
/// The longest text of one line: where its outline is, is found in a time that is quadratic in it.
const MAX_LINE_BYTES: usize = 256 << 10;
/// The deepest nesting of elements read; deeper ones would use up the stack.
const MAX_DEPTH: u16 = 128;
/// The most patterns read: each may be painted with the next, which takes stack.
const MAX_PATTERNS: usize = 64;
/// A curve's lines stay this close to it, as a fraction of the picture's longer side.
const TOLERANCE: f32 = 1.0 / 2048.0;
/// What can multiply a small file into endless work and says nothing about its lines.
const IGNORED: &str = "* { marker-start: none !important; marker-mid: none !important; \
    marker-end: none !important; filter: none !important; mask: none !important; \
    clip-path: none !important; stroke-dasharray: none !important }";

/// Reads the sketch in an SVG file; `name` stands for the file in errors.
///
/// # Errors
/// [`SketchError::Svg`] where the file is no SVG, or strokes no line of any length, or is too
/// large to be a sketch.
pub fn read(name: &str, bytes: &[u8]) -> Result<Sketch, SketchError> {
    let fail = |reason: String| SketchError::Svg { name: name.to_owned(), reason };
    let tree = parse(bytes).map_err(fail)?;
    let bounds = tree.root().abs_bounding_box();
    let mut pen = Pen { tolerance: bounds.width().max(bounds.height()) * TOLERANCE, ..Pen::default() };
    pen.group(tree.root()).map_err(fail)?;
    if !pen.strokes.iter().any(|stroke| stroke.length() > 0.0) {
        return Err(fail(format!(
            "it has no strokes (lines with a 'stroke' colour), only {} filled shapes: draw its lines as strokes or export it as PNG",
            pen.filled
        )));
    }
    Ok(Drawing::Strokes(pen.strokes).into())
}

fn parse(bytes: &[u8]) -> Result<Tree, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if let Some(reason) = entities::too_large(text, MAX_BYTES).or_else(|| styles::too_many_attributes(text)) {
        return Err(reason);
    }
    let limits = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, limits).map_err(|e| e.to_string())?;
    let depth = depth(&document);
    if depth > MAX_DEPTH {
        return Err(format!("its elements are nested deeper than {MAX_DEPTH}"));
    }
    if expansion::elements(&document, MAX_NODES as usize).is_none() {
        return Err("its uses of other elements are nested too deep or stand for too many".to_owned());
    }
    if document.descendants().any(|node| expansion::line_bytes(node) > MAX_LINE_BYTES) {
        return Err(format!("one of its lines takes more than {MAX_LINE_BYTES} bytes"));
    }
    if document.descendants().filter(|node| node.has_tag_name((SVG, "pattern"))).count() > MAX_PATTERNS {
        return Err(format!("it has more than {MAX_PATTERNS} patterns"));
    }
    if let Some(reason) = styles::too_slow(&document, depth) {
        return Err(reason);
    }
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        style_sheet: Some(IGNORED.to_owned()),
        ..Options::default()
    };
    Tree::from_xmltree(&document, &options).map_err(|e| e.to_string())
}

/// How deep the deepest node is nested.
fn depth(document: &roxmltree::Document) -> u16 {
    let mut depths = Vec::new();
    // Nodes come in document order and are numbered in it, so a parent's depth is known.
    for node in document.descendants() {
        let parent = node.parent().and_then(|parent| depths.get(parent.id().get_usize()));
        depths.push(parent.map_or(0, |depth: &u16| depth.saturating_add(1)));
    }
    depths.into_iter().max().unwrap_or(0)
}

/// Follows the picture's paths and keeps those that are stroked.
#[derive(Default)]
struct Pen {
    strokes: Vec<Stroke>,
    points: usize,
    filled: usize,
    tolerance: f32,
}

impl Pen {
    fn group(&mut self, group: &Group) -> Result<(), String> {
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group)?,
                Node::Path(path) if !path.is_visible() => {}
                Node::Path(path) if path.stroke().is_some() => self.path(path)?,
                Node::Path(_) => self.filled += 1,
                Node::Image(_) | Node::Text(_) => {}
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &usvg::Path) -> Result<(), String> {
        let mut at = Point::zero();
        let mut start = at;
        for segment in path.data().segments() {
            let segment = transformed(segment, path.abs_transform());
            match segment {
                PathSegment::MoveTo(to) => {
                    self.strokes.push(Stroke::default());
                    self.line_to(to)?;
                    (start, at) = (to, to);
                    continue;
                }
                PathSegment::LineTo(to) => self.line_to(to)?,
                PathSegment::QuadTo(by, to) => self.curve(&[at, by, to], |t| quadratic(at, by, to, t))?,
                PathSegment::CubicTo(a, b, to) => self.curve(&[at, a, b, to], |t| cubic(at, a, b, to, t))?,
                PathSegment::Close => self.line_to(start)?,
            }
            at = match segment {
                PathSegment::LineTo(to) | PathSegment::QuadTo(_, to) | PathSegment::CubicTo(_, _, to) => to,
                PathSegment::MoveTo(_) | PathSegment::Close => start,
            };
        }
        Ok(())
    }

    fn line_to(&mut self, to: Point) -> Result<(), String> {
        self.points += 1;
        if self.points > MAX_POINTS {
            return Err(format!("its lines have more than {MAX_POINTS} points"));
        }
        if !(to.x.is_finite() && to.y.is_finite()) {
            return Err("a line has a coordinate that is not finite".to_owned());
        }
        if let Some(stroke) = self.strokes.last_mut() {
            stroke.points.push([to.x, to.y]);
        }
        Ok(())
    }

    /// As many lines as Wang's bound asks for to stay within the tolerance.
    fn curve(&mut self, control: &[Point], at: impl Fn(f32) -> Point) -> Result<(), String> {
        let bend = control.windows(3).map(|p| (p[0] - p[1] - p[1] + p[2]).length()).fold(0.0, f32::max);
        let degree = (control.len() - 1) as f32;
        let pieces = (degree * (degree - 1.0) / 8.0 * bend / self.tolerance).sqrt().ceil().clamp(1.0, 256.0);
        (1..=pieces as usize).try_for_each(|piece| self.line_to(at(piece as f32 / pieces)))
    }
}

fn transformed(segment: PathSegment, transform: Transform) -> PathSegment {
    let map = |mut point: Point| {
        transform.map_point(&mut point);
        point
    };
    match segment {
        PathSegment::MoveTo(to) => PathSegment::MoveTo(map(to)),
        PathSegment::LineTo(to) => PathSegment::LineTo(map(to)),
        PathSegment::QuadTo(by, to) => PathSegment::QuadTo(map(by), map(to)),
        PathSegment::CubicTo(a, b, to) => PathSegment::CubicTo(map(a), map(b), map(to)),
        PathSegment::Close => PathSegment::Close,
    }
}

fn mix(from: Point, to: Point, t: f32) -> Point {
    Point::from_xy(from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t)
}

fn quadratic(from: Point, by: Point, to: Point, t: f32) -> Point {
    mix(mix(from, by, t), mix(by, to, t), t)
}

fn cubic(from: Point, a: Point, b: Point, to: Point, t: f32) -> Point {
    mix(quadratic(from, a, b, t), quadratic(a, b, to, t), t)
}
