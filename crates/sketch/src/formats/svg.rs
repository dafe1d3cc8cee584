//! SVG: what a browser would show.
//!
//! If that is lines and nothing else, they are the strokes of the sketch, in the order in which they are painted and
//! wherever groups and transforms put them. Where filled shapes, masks, clips, pictures, an eraser's paint or what lies
//! in front of other lines take part in it, the document is drawn, and its lines are traced from that as from any picture.
//!
//! Text, patterns and filters are left out and [told of](Sketch::notes); markers and dashes are left out. No other file
//! is ever opened.

mod expansion;
mod marks;
mod paints;
mod pen;
mod render;
mod styles;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use usvg::{ImageHrefResolver, ImageKind, Options, Tree, roxmltree};

use self::marks::VisibleContent;
use self::paints::UnreadablePaint;
use self::pen::PathTracer;
use super::catch_panic;
use super::image::{self, ImageFileFormat};
use crate::{Drawing, Sketch, SketchError};

/// The name space of its elements.
const SVG: &str = "http://www.w3.org/2000/svg";
/// The largest SVG file read, in bytes, after decompression.
pub(crate) const MAX_BYTES: u64 = 16 << 20;
/// The most XML nodes read.
const MAX_NODES: u32 = 200_000;
/// The most elements of a document that is drawn, with all that masks, clips and uses stand for.
const MAX_DRAWN: usize = 50_000;
/// The longest text of one line: where its outline is, is found in a time that is quadratic in it.
const MAX_LINE_BYTES: usize = 256 << 10;
/// The deepest nesting of elements read; deeper ones would use up the stack.
const MAX_DEPTH: u16 = 128;
/// The most patterns read: each may be painted with the next, which takes stack.
const MAX_PATTERNS: usize = 64;
/// Elements of a document that has more than lines.
const RICH: [&str; 4] = ["mask", "clipPath", "image", "pattern"];
/// Style sheet that disables what can multiply a small file into endless work, or is left out.
const IGNORED: &str = "* { marker-start: none !important; marker-mid: none !important; \
    marker-end: none !important; filter: none !important; stroke-dasharray: none !important; ";
/// The rest of that where nothing is masked or clipped.
const UNUSED: &str = "mask: none !important; clip-path: none !important }";
/// The rest where something may be.
const NO_PATTERNS: &str = "} pattern > * { display: none !important }";

/// Reads the sketch in an SVG file; `name` stands for the file in errors.
///
/// # Errors
/// [`SketchError::Svg`] where the file is no SVG, or shows no line of any length, or is too large to be a sketch.
pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Sketch, SketchError> {
    let damaged = |_| Err("the library that reads it gave up: export it as PNG".to_owned());
    let sketch = catch_panic(|| sketch(bytes)).unwrap_or_else(damaged);
    sketch.map_err(|reason| SketchError::Svg { name: name.to_owned(), reason })
}

fn sketch(bytes: &[u8]) -> Result<Sketch, String> {
    let text = text::decoded(bytes)?;
    if let Some(reason) =
        expansion::entities_too_large(&text, MAX_BYTES).or_else(|| styles::too_many_attributes(&text))
    {
        return Err(reason);
    }
    let (readable, unknown) = paints::readable(&text, UnreadablePaint::LeaveOut);
    let found = sketch_of(&readable);
    if unknown && found.is_err() {
        return sketch_of(&paints::readable(&text, UnreadablePaint::Black).0);
    }
    found
}

fn sketch_of(text: &str) -> Result<Sketch, String> {
    let limits = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, limits).map_err(|e| e.to_string())?;
    let depth = check(&document)?;
    if let Some(reason) = styles::too_slow(&document, depth) {
        return Err(reason);
    }
    // A document of lines is read as fast as can be; few have more.
    let rich = document.descendants().any(|node| RICH.contains(&node.tag_name().name()))
        || ["mask", "clip-path"].iter().any(|word| text.contains(word));
    if rich && expansion::drawn(&document, MAX_DRAWN).is_none() {
        return Err("its masks, clips and uses stand for too much: export it as PNG".to_owned());
    }
    let options = Options {
        image_href_resolver: image_resolver(),
        style_sheet: Some([IGNORED, if rich { NO_PATTERNS } else { UNUSED }].concat()),
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&document, &options).map_err(|e| e.to_string())?;
    let shown = VisibleContent::new(&tree, has_edges(&document));
    let notes = left_out(&document);
    let drawing = if shown.is_picture {
        Drawing::Raster(render::raster(&tree, &shown)?)
    } else {
        let mut pen = PathTracer::new(&shown);
        shown.marks.iter().try_for_each(|mark| pen.mark(mark))?;
        if !pen.strokes.iter().any(|stroke| stroke.length() > 0.0) {
            let but = notes.first().map_or(String::new(), |note| format!(", and {note}"));
            return Err(format!("it shows no lines{but}: draw some, or export it as PNG"));
        }
        Drawing::Strokes(pen.strokes)
    };
    Ok(Sketch { notes, ..drawing.into() })
}

/// Checks that a document takes neither too much memory nor time to read; returns its depth.
fn check(document: &roxmltree::Document) -> Result<u16, String> {
    let depth = depth(document);
    if depth > MAX_DEPTH {
        return Err(format!("its elements are nested deeper than {MAX_DEPTH}"));
    }
    if expansion::elements(document, MAX_NODES as usize).is_none() {
        return Err("its uses of other elements are nested too deep or stand for too many".to_owned());
    }
    if document.descendants().any(|node| expansion::line_bytes(node) > MAX_LINE_BYTES) {
        return Err(format!("one of its lines takes more than {MAX_LINE_BYTES} bytes"));
    }
    if document.descendants().filter(|node| node.has_tag_name((SVG, "pattern"))).count() > MAX_PATTERNS {
        return Err(format!("it has more than {MAX_PATTERNS} patterns"));
    }
    Ok(depth)
}

/// True if the document states its size.
fn has_edges(document: &roxmltree::Document) -> bool {
    let has = |name| document.root_element().has_attribute(name);
    has("viewBox") || has("width") && has("height")
}

/// Content that a browser may show and the sketch lacks, a line each.
fn left_out(document: &roxmltree::Document) -> Vec<String> {
    let says = |node: roxmltree::Node| {
        node.descendants().any(|node| node.text().is_some_and(|text| !text.trim().is_empty()))
    };
    let mut notes = BTreeSet::new();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        match node.tag_name().name() {
            "text" | "foreignObject" if says(node) => notes.insert("its text is left out"),
            "foreignObject" if node.has_children() => notes.insert("a foreign object in it is left out"),
            "pattern" => notes.insert("its patterns are left out"),
            "filter" => notes.insert("its filters are left out"),
            "image" if !is_shown_image(node) => notes.insert("a picture in it is left out"),
            "use" if !expansion::is_inside(node) => {
                notes.insert("what it takes from other files is left out")
            }
            _ => false,
        };
        notes.extend(styles::left_out(node));
    }
    notes.into_iter().map(str::to_owned).collect()
}

/// Largest nesting depth of a node.
fn depth(document: &roxmltree::Document) -> u16 {
    let mut depths = Vec::new();
    // Nodes come in document order and are numbered in it, so a parent's depth is known.
    for node in document.descendants() {
        let parent = node.parent().and_then(|parent| depths.get(parent.id().get_usize()));
        depths.push(parent.map_or(0, |depth: &u16| depth.saturating_add(1)));
    }
    depths.into_iter().max().unwrap_or(0)
}

/// The most pixels of all pictures of a document.
const MAX_PIXELS: u64 = 32 << 20;

/// Takes PNG, JPEG and WebP that lie in the document itself, and opens no file.
fn image_resolver() -> ImageHrefResolver<'static> {
    let pixels = AtomicU64::new(0);
    let resolve_data = move |_: &str, data: Arc<Vec<u8>>, _: &usvg::Options<'_>| {
        let format = ImageFileFormat::recognize(&data)?;
        let (width, height) = image::dimensions("", format, &data).ok()?;
        let own = u64::from(width) * u64::from(height);
        let before = pixels.fetch_add(own, Ordering::Relaxed);
        (before.saturating_add(own) <= MAX_PIXELS).then_some(match format {
            ImageFileFormat::Png => ImageKind::PNG(data),
            ImageFileFormat::Jpeg => ImageKind::JPEG(data),
            ImageFileFormat::WebP => ImageKind::WEBP(data),
            ImageFileFormat::Gif => ImageKind::GIF(data),
            ImageFileFormat::Bmp => return None,
        })
    };
    ImageHrefResolver { resolve_data: Box::new(resolve_data), resolve_string: Box::new(|_, _| None) }
}

/// True if an image is of a format that is embedded and read.
fn is_shown_image(node: roxmltree::Node<'_, '_>) -> bool {
    let href = expansion::href(node).unwrap_or_default();
    let media = ["png", "jpeg", "jpg", "webp", "gif"];
    media.iter().any(|media| href.trim_start().starts_with(&format!("data:image/{media}")))
}
