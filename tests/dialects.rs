//! What one sees is what is recognized: a drawing has the same label in whatever form a drawing program writes it.

use std::io::Cursor;

use crate::common::{labeller::Labeller, sample_size};
use dabnet_data::{Dataset, Part};
use dabnet_graph::Canvas;
use dabnet_sketch::{Drawing, Stroke, rasterize, read_bytes};
use image::{GrayImage, ImageFormat};

/// Sketches that are written in every form, unless [`sample_size`] says otherwise.
const COUNT: usize = 100;
/// The least share of them that keep their label where lines are traced. Where they are read as they are, all do.
const LEAST: f32 = 0.97;
/// Width of the pen, in the drawing's units of 0 to 255.
const PEN: f32 = 4.0;
const INK: &str = "#1e1e1e";

type Written = (&'static str, Vec<u8>);

/// A drawing in each form, under a name that a file would have.
fn forms(strokes: &[Stroke]) -> Vec<Written> {
    let lines =
        |style: &str| each(strokes, |points| format!("<polyline {style} points='{}'/>", joined(points)));
    let plain = lines(&format!("fill='none' stroke='{INK}' stroke-width='{PEN}' stroke-linecap='round'"));
    let outlines = |style: &str| each(strokes, |points| format!("<path {style} d='{}'/>", outline(points)));
    let taps = each(strokes, |points| match points {
        [[x, y]] => format!("<circle cx='{x}' cy='{y}' r='{}' fill='{INK}'/>", PEN / 2.0),
        _ => format!("<polyline fill='none' stroke='{INK}' points='{}'/>", joined(points)),
    });
    let sheet = |color: &str| format!("<rect x='-20' y='-20' width='296' height='296' fill='{color}'/>");
    let frame = "<rect x='-19' y='-19' width='294' height='294' fill='none' stroke='#bbb'/>";
    let clip = "<clipPath id='page'><rect x='-20' y='-20' width='296' height='296'/></clipPath>";
    let wide =
        "style='fill:none;stroke:#1E1E1E;stroke:color(display-p3 0.1176 0.1176 0.1176);stroke-opacity:1'";
    let dark = lines("fill='none' stroke='white' stroke-width='4'");
    let hidden = "<path opacity='0' stroke='black' d='M0 0L255 255'/><path stroke='#0000' d='M255 0L0 255'/>";
    // Drawn, and rubbed out again with a broader pen, where the drawing has nothing.
    let erased = "<path fill='none' stroke='black' stroke-width='4' d='M10 290H240'/>\
        <path fill='none' stroke='white' stroke-width='16' d='M5 290H250'/>";
    let masked = "<mask id='m'><rect x='-20' y='-20' width='296' height='296' fill='white'/></mask>";
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(svg(&plain).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    vec![
        ("sheet.svg", svg(&(sheet("white") + frame + &plain)).into()),
        ("dark.svg", svg(&(sheet("#121212") + &dark)).into()),
        ("display-p3.svg", svg(&lines(wide)).into()),
        ("clip.svg", svg(&format!("<defs>{clip}</defs><g clip-path='url(#page)'>{plain}</g>")).into()),
        ("hidden.svg", svg(&(hidden.to_owned() + &plain)).into()),
        ("taps.svg", svg(&taps).into()),
        ("utf-16.svg", utf_16),
        ("outlines.svg", svg(&outlines(&format!("fill='{INK}'"))).into()),
        ("hairlines.svg", svg(&outlines(&format!("fill='{INK}' stroke='{INK}' stroke-width='0.5'"))).into()),
        ("frame.svg", svg(&(frame.to_owned() + &outlines(&format!("fill='{INK}'")))).into()),
        ("eraser.svg", svg(&(plain.clone() + erased)).into()),
        ("mask.svg", svg(&format!("{masked}<g mask='url(#m)'>{plain}</g>")).into()),
        ("picture.png", picture(strokes, ImageFormat::Png)),
        ("picture.webp", picture(strokes, ImageFormat::WebP)),
        ("drawing.ndjson", ndjson(strokes).into()),
    ]
}

fn each(strokes: &[Stroke], of: impl Fn(&[[f32; 2]]) -> String) -> String {
    strokes.iter().map(|stroke| of(&stroke.points)).collect()
}

fn svg(body: &str) -> String {
    format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='-20 -20 296 340'>{body}</svg>")
}

fn joined(points: &[[f32; 2]]) -> String {
    // A browser shows nothing of a line of one point.
    let points = if let [point] = points { vec![*point; 2] } else { points.to_vec() };
    points.iter().map(|[x, y]| format!("{x},{y} ")).collect()
}

/// The outline of a stroke as an area, as programs draw lines that swell: along one side, and back along the other.
fn outline(points: &[[f32; 2]]) -> String {
    let end = points.len() - 1;
    let side = |at: usize, by: f32| {
        let (from, to) = (points[at.saturating_sub(1)], points[(at + 1).min(end)]);
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy).max(1e-3);
        [points[at][0] - dy / length * by, points[at][1] + dx / length * by]
    };
    if end == 0 {
        let [x, y] = points[0];
        let radius = PEN / 2.0;
        return format!(
            "M{} {y}a{radius} {radius} 0 1 0 {PEN} 0a{radius} {radius} 0 1 0 -{PEN} 0z",
            x - radius
        );
    }
    let there = (0..=end).map(|at| side(at, PEN / 2.0));
    let back = (0..=end).rev().map(|at| side(at, -PEN / 2.0));
    let corners: Vec<String> = there.chain(back).map(|[x, y]| format!("{x:.2} {y:.2}")).collect();
    format!("M{}Z", corners.join("L"))
}

fn picture(strokes: &[Stroke], format: ImageFormat) -> Vec<u8> {
    let canvas = Canvas { side: 400, line_width: 6.0 / 400.0, margin: 0.05, mean: 0.0, std: 1.0 };
    let ink = rasterize(&Drawing::Strokes(strokes.to_vec()), &canvas);
    let picture = GrayImage::from_raw(400, 400, ink.iter().map(|ink| 255 - ink).collect()).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    match format {
        // It knows colors only.
        ImageFormat::WebP => image::DynamicImage::ImageLuma8(picture).to_rgb8().write_to(&mut bytes, format),
        _ => picture.write_to(&mut bytes, format),
    }
    .unwrap();
    bytes.into_inner()
}

fn ndjson(strokes: &[Stroke]) -> String {
    let column = |points: &[[f32; 2]], axis: usize| {
        let numbers: Vec<String> = points.iter().map(|point| point[axis].to_string()).collect();
        format!("[{}]", numbers.join(","))
    };
    let strokes = strokes.iter().map(|stroke| {
        let (x, y) = (column(&stroke.points, 0), column(&stroke.points, 1));
        format!("[{x},{y}]")
    });
    format!("{{\"word\":\"\",\"drawing\":[{}]}}", strokes.collect::<Vec<_>>().join(","))
}

#[test]
fn a_drawing_has_one_label_in_every_form() {
    let mut labeller = Labeller::new();
    let test = Dataset::bundled().unwrap().labeled_sketches(Part::Test).unwrap();
    let mut kept: Vec<(&str, usize, bool)> = Vec::new();
    let count = sample_size(COUNT);
    for example in test.iter().step_by(test.len() / count).take(count) {
        let expected = labeller.label(&example.sketch.drawing);
        let forms = forms(&example.sketch.drawing.to_strokes());
        kept.resize(forms.len(), ("", 0, false));
        for ((name, bytes), kept) in forms.into_iter().zip(&mut kept) {
            let sketch = read_bytes(name, bytes).and_then(|mut sketches| sketches.next().unwrap());
            let sketch = sketch.unwrap_or_else(|error| panic!("{name}: {error}"));
            let traced = kept.2 || matches!(sketch.drawing, Drawing::Raster(_));
            *kept = (name, kept.1 + usize::from(labeller.label(&sketch.drawing) == expected), traced);
        }
    }
    for (name, kept, traced) in kept {
        let share = kept as f32 / count as f32;
        println!("{name}: {:.1} %{}", 100.0 * share, if traced { ", traced" } else { "" });
        let least = if traced { LEAST } else { 1.0 };
        assert!(share >= least, "{name}: {kept} of {count} sketches keep their label");
    }
}
