//! An SVG as a picture, where its lines alone do not say what it shows.

use std::iter::successors;

use image::{DynamicImage, RgbaImage};
use resvg::tiny_skia::{Color, Paint, Pixmap, Stroke, Transform};
use usvg::tiny_skia_path::Rect;
use usvg::{Group, Node, Tree};

use super::marks::VisibleContent;
use crate::Raster;
use crate::formats::image::ink;
use crate::formats::image::plane::InkPlane;

/// The longer side of what is drawn, in pixels: about what lines are traced at.
const SIDE: f32 = 480.0;
/// Paper around it.
const BORDER: u32 = 16;
/// The most layers that are drawn on their own, each a picture in memory.
const MAX_LAYERS: usize = 200;
/// Most layers of paint over the whole picture.
const MAX_PAINTS: f32 = 400.0;
/// Pixels whose time a shape takes whatever its size, and of the decoding of a picture inside.
const LEAST_PIXELS: f32 = 200.0;
const IMAGE_PIXELS: f32 = 20_000.0;
/// The farthest that anything may be from what is drawn, in pixels: the library adds them up in sixteen bits, and panics
/// where that does not do (linebender/resvg#940).
const MAX_REACH: f32 = 30_000.0;
/// A frame's lines are taken off with so many pixels around them.
const FRAME: f32 = 2.0;

/// The ink of a picture.
pub(super) fn raster(tree: &Tree, shown: &VisibleContent<'_>) -> Result<Raster, String> {
    let nothing = || "nothing in it can be seen".to_owned();
    let bounds = shown.bounds.ok_or_else(nothing)?;
    let scale = SIDE / bounds.width().max(bounds.height());
    if !scale.is_normal() {
        return Err(nothing());
    }
    let RenderCost { layers, reach, painted } = RenderCost::of(tree.root(), scale);
    if layers > MAX_LAYERS {
        return Err(format!("it has more than {MAX_LAYERS} layers: export it as PNG"));
    }
    if painted > MAX_PAINTS * SIDE * SIDE {
        return Err("drawing it takes too long: export it as PNG".to_owned());
    }
    if reach * scale > MAX_REACH {
        return Err("its shapes reach far beyond what is to be seen: export it as PNG".to_owned());
    }
    let side = |extent: f32| (extent * scale).ceil().max(1.0) as u32 + 2 * BORDER;
    let (width, height) = (side(bounds.width()), side(bounds.height()));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(nothing)?;
    let [red, green, blue] = shown.paper;
    pixmap.fill(Color::from_rgba8(red, green, blue, 255));
    let transform = Transform::from_translate(-bounds.left(), -bounds.top())
        .post_scale(scale, scale)
        .post_translate(BORDER as f32, BORDER as f32);
    resvg::render(tree, transform, &mut pixmap.as_mut());
    take_off_frames(shown, transform, &mut pixmap);
    let mut picture = RgbaImage::new(width, height);
    for (at, pixel) in pixmap.pixels().iter().enumerate() {
        let (x, y) = (at as u32 % width, at as u32 / width);
        let inside = |at: u32, extent: u32| (BORDER - 1..=extent - BORDER).contains(&at);
        let seen = inside(x, width) && inside(y, height);
        // The paper is opaque, so that no color is less than itself.
        let color = [pixel.red(), pixel.green(), pixel.blue(), 255];
        picture.put_pixel(x, y, image::Rgba(if seen { color } else { [red, green, blue, 255] }));
    }
    let InkPlane { width, values } = ink::of(&DynamicImage::ImageRgba8(picture))?;
    Raster::new(width, values.len() / width, values).map_err(|error| error.to_string())
}

/// Paints frames over with paper.
fn take_off_frames(shown: &VisibleContent<'_>, transform: Transform, pixmap: &mut Pixmap) {
    let [red, green, blue] = shown.paper;
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    for frame in &shown.frames {
        let to_pixels = transform.pre_concat(frame.abs_transform());
        let Some(path) = frame.data().clone().transform(to_pixels) else { continue };
        let (across, down) = to_pixels.get_scale();
        let width = frame.stroke().map_or(0.0, |stroke| stroke.width().get()) * across.max(down);
        let stroke = Stroke { width: width + FRAME, ..Stroke::default() };
        pixmap.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
    }
}

/// Cost of rendering a tree.
#[derive(Default)]
struct RenderCost {
    /// Groups that are drawn on their own, counted up to [`MAX_LAYERS`].
    layers: usize,
    /// Largest distance of any coordinate from the origin.
    reach: f32,
    /// Pixels that are painted, each as often as that is.
    painted: f32,
}

impl RenderCost {
    /// Measures a group with its masks and clips.
    fn of(group: &Group, scale: f32) -> Self {
        let pixels = |bounds: Rect| {
            let side = |extent: f32| (extent * scale).min(SIDE + 2.0 * BORDER as f32);
            side(bounds.width()) * side(bounds.height()) + LEAST_PIXELS
        };
        let (mut extent, mut open) = (Self::default(), vec![group]);
        while let Some(group) = open.pop().filter(|_| extent.layers <= MAX_LAYERS) {
            if group.should_isolate() {
                extent.layers += 1;
                extent.painted += 2.0 * SIDE * SIDE;
            }
            for bounds in [group.abs_stroke_bounding_box(), group.stroke_bounding_box()] {
                let ends = [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()];
                extent.reach = ends.into_iter().map(f32::abs).fold(extent.reach, f32::max);
            }
            open.extend(successors(group.mask(), |mask| mask.mask()).map(|mask| mask.root()));
            open.extend(successors(group.clip_path(), |clip| clip.clip_path()).map(|clip| clip.root()));
            for node in group.children() {
                match node {
                    Node::Group(group) => open.push(group.as_ref()),
                    Node::Path(path) => {
                        let paints =
                            usize::from(path.fill().is_some()) + usize::from(path.stroke().is_some());
                        let segments = path.data().len() as f32;
                        extent.painted += paints as f32 * (pixels(path.abs_stroke_bounding_box()) + segments);
                    }
                    Node::Image(image) => extent.painted += pixels(image.abs_bounding_box()) + IMAGE_PIXELS,
                    Node::Text(_) => {}
                }
            }
        }
        extent
    }
}
