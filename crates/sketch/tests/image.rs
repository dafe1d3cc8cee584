//! PNG and JPEG files, good and broken.

use std::io::Cursor;

use crate::common::{CANVAS, bundled, error, example, only, similarity};
use dabnet_sketch::{Drawing, Raster, SketchError, rasterize, read_file};
use image::{DynamicImage, GrayImage, ImageFormat, Rgba, RgbaImage};

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Ink as dark pixels on light ones.
fn page(ink: &[u8], side: usize) -> GrayImage {
    GrayImage::from_raw(side as u32, side as u32, ink.iter().map(|ink| 255 - ink).collect()).unwrap()
}

#[test]
fn real_files() {
    for name in ["butterfly.png", "bicycle.png"] {
        let sketch = read_file(example(name)).unwrap().next().unwrap().unwrap();
        let Drawing::Raster(raster) = &sketch.drawing else { panic!("a raster") };
        assert_eq!((raster.width(), raster.height()), (256, 256));
        assert!(raster.to_strokes().len() > 10);
        let inked = rasterize(&sketch.drawing, &CANVAS).iter().filter(|ink| **ink > 127).count();
        assert!((200..1500).contains(&inked), "{name}: {inked}");
    }
}

#[test]
fn a_picture_of_strokes_looks_like_the_strokes() {
    for (line_width, least) in [(0.004, 0.99), (0.02, 0.98), (0.04, 0.93)] {
        let large = dabnet_graph::Canvas { side: 512, line_width, ..CANVAS };
        let alike = bundled("test").into_iter().step_by(23).map(|example| {
            let drawing = &example.drawing;
            let raster = Drawing::Raster(Raster::new(512, 512, rasterize(drawing, &large)).unwrap());
            similarity(&rasterize(&raster, &CANVAS), &rasterize(drawing, &CANVAS))
        });
        let alike: Vec<f64> = alike.collect();
        let mean = alike.iter().sum::<f64>() / alike.len() as f64;
        assert!(mean > least, "line width {line_width}: {mean}");
    }
}

#[test]
fn paper_may_be_dark_or_light_or_see_through() {
    let sketch = read_file(example("quickdraw.ndjson")).unwrap().next().unwrap().unwrap();
    let ink = rasterize(&sketch.drawing, &dabnet_graph::Canvas { side: 200, ..CANVAS });
    let light = page(&ink, 200);
    let mut dark = light.clone();
    image::imageops::invert(&mut dark);
    let clear = RgbaImage::from_fn(200, 200, |x, y| Rgba([0, 0, 0, ink[(y * 200 + x) as usize]]));
    let expected = only(encode(light.clone(), ImageFormat::Png)).unwrap();
    assert_eq!(only(encode(dark, ImageFormat::Png)).unwrap(), expected);
    assert_eq!(only(encode(clear, ImageFormat::Png)).unwrap(), expected);

    let jpeg = only(encode(light, ImageFormat::Jpeg)).unwrap();
    let alike = similarity(&rasterize(&jpeg.drawing, &CANVAS), &rasterize(&expected.drawing, &CANVAS));
    assert!(alike > 0.97, "{alike}");
}

#[test]
fn small_and_large_pictures() {
    let dot = GrayImage::from_fn(9, 9, |x, y| image::Luma([if (x, y) == (4, 4) { 0 } else { 255 }]));
    let canvas = rasterize(&only(encode(dot, ImageFormat::Png)).unwrap().drawing, &CANVAS);
    assert!(canvas.iter().any(|ink| *ink > 127));

    let line = GrayImage::from_fn(5000, 40, |_, y| image::Luma([if y == 20 { 0 } else { 255 }]));
    let strokes = only(encode(line, ImageFormat::Png)).unwrap().drawing.to_strokes().into_owned();
    assert_eq!(strokes.len(), 1);
    assert!(strokes[0].length() > 4900.0, "{strokes:?}");
}

#[test]
fn blank_pictures() {
    for grey in [0, 128, 255] {
        let blank = GrayImage::from_pixel(20, 20, image::Luma([grey]));
        assert!(error(encode(blank, ImageFormat::Png)).contains("no ink"));
    }
    assert!(error(encode(RgbaImage::new(20, 20), ImageFormat::Png)).contains("no ink"));
}

#[test]
fn every_prefix_of_a_png_is_refused() {
    let ring = GrayImage::from_fn(40, 40, |x, y| {
        image::Luma([if x.abs_diff(20) + y.abs_diff(20) == 15 { 0 } else { 255 }])
    });
    let bytes = encode(ring, ImageFormat::Png);
    assert!(only(&bytes[..]).is_ok());
    // Less than the end chunk still holds every pixel.
    for length in 0..bytes.len() - 16 {
        assert!(only(&bytes[..length]).is_err(), "{length}");
    }
    let message = error(&bytes[..bytes.len() / 2]);
    assert!(message.contains("as PNG: the file is cut short"), "{message}");
}

#[test]
fn every_prefix_of_a_jpeg_is_refused() {
    let dot = GrayImage::from_fn(24, 24, |x, y| image::Luma([if x == y { 0 } else { 255 }]));
    let bytes = encode(dot, ImageFormat::Jpeg);
    assert!(only(bytes.clone()).is_ok());
    for length in 0..bytes.len() - 1 {
        assert!(only(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn a_huge_header_is_refused() {
    let mut bytes = std::fs::read(example("butterfly.png")).unwrap();
    bytes[16..24].copy_from_slice(&[0x7f, 0, 0, 0, 0x7f, 0, 0, 0]);
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    assert!(error(bytes).contains("larger than 8192×8192"));
}

#[test]
fn a_raster_needs_its_pixels() {
    for (width, height, pixels) in [(2, 2, 3), (0, 0, 0), (usize::MAX, 2, 6)] {
        assert!(matches!(Raster::new(width, height, vec![0; pixels]), Err(SketchError::Raster { .. })));
    }
    let blank = Drawing::Raster(Raster::new(5, 5, vec![0; 25]).unwrap());
    assert!(rasterize(&blank, &CANVAS).iter().all(|ink| *ink == 0));
    let full = Drawing::Raster(Raster::new(5, 5, vec![255; 25]).unwrap());
    assert!(rasterize(&full, &CANVAS).iter().any(|ink| *ink > 0));
}

#[test]
fn light_lines_on_nothing_are_lines() {
    let sketch = read_file(example("quickdraw.ndjson")).unwrap().next().unwrap().unwrap();
    let ink = rasterize(&sketch.drawing, &dabnet_graph::Canvas { side: 200, ..CANVAS });
    let expected = only(encode(page(&ink, 200), ImageFormat::Png)).unwrap();
    let at = |x: u32, y: u32| ink[(y * 200 + x) as usize];
    for color in [[255, 255, 255], [255, 255, 240], [245, 250, 255]] {
        let [r, g, b] = color;
        let clear = RgbaImage::from_fn(200, 200, |x, y| Rgba([r, g, b, at(x, y)]));
        let read = only(encode(clear, ImageFormat::Png)).unwrap();
        let alike = similarity(&rasterize(&read.drawing, &CANVAS), &rasterize(&expected.drawing, &CANVAS));
        assert!(alike > 0.99, "{color:?}: {alike}");
    }
    // Of two pens, the darker one does not hide the other.
    let two = RgbaImage::from_fn(200, 200, |x, y| {
        let light = if x < 100 { 255 } else { 120 };
        Rgba([light, light, light, at(x, y)])
    });
    let read = only(encode(two, ImageFormat::Png)).unwrap();
    let left = rasterize(&read.drawing, &CANVAS)
        .chunks(64)
        .flat_map(|row| &row[..30])
        .filter(|ink| **ink > 99)
        .count();
    assert!(left > 30, "{left}");
    // White paper cut out along its lines is paper.
    let card = RgbaImage::from_fn(200, 200, |x, y| {
        let inside = (2..198).contains(&x) && (2..198).contains(&y);
        Rgba([255 - at(x, y), 255 - at(x, y), 255 - at(x, y), if inside { 255 } else { 0 }])
    });
    assert_eq!(only(encode(card, ImageFormat::Png)).unwrap(), expected);
}

#[test]
fn lighter_colors_beside_dark_ones_are_ink() {
    let sketch = read_file(example("quickdraw.ndjson")).unwrap().next().unwrap().unwrap();
    let ink = rasterize(&sketch.drawing, &dabnet_graph::Canvas { side: 200, ..CANVAS });
    let plain = rasterize(&only(encode(page(&ink, 200), ImageFormat::Png)).unwrap().drawing, &CANVAS);
    let colored = |paper: [u8; 3], left: [u8; 3], right: [u8; 3]| {
        let picture = image::RgbImage::from_fn(200, 200, |x, y| {
            let share = u32::from(ink[(y * 200 + x) as usize]);
            let pen = if x < 100 { left } else { right };
            let mix =
                |at: usize| ((u32::from(pen[at]) * share + u32::from(paper[at]) * (255 - share)) / 255) as u8;
            image::Rgb([mix(0), mix(1), mix(2)])
        });
        similarity(&rasterize(&only(encode(picture, ImageFormat::Png)).unwrap().drawing, &CANVAS), &plain)
    };
    let white = [255; 3];
    for color in [[255, 212, 59], [0, 255, 0], [241, 172, 75], [64, 192, 87], [255, 0, 0]] {
        let alike = colored(white, color, [0; 3]);
        assert!(alike > 0.97, "{color:?}: {alike}");
    }
    let alike = colored([128; 3], white, [0; 3]);
    assert!(alike > 0.97, "white and black on grey: {alike}");
}

#[test]
fn a_frame_around_the_sheet_is_neither_paper_nor_ink() {
    let sketch = read_file(example("quickdraw.ndjson")).unwrap().next().unwrap().unwrap();
    let ink = rasterize(&sketch.drawing, &dabnet_graph::Canvas { side: 200, ..CANVAS });
    let sheet = page(&ink, 200);
    let plain = only(encode(sheet.clone(), ImageFormat::Png)).unwrap();
    let strokes = |sketch: &dabnet_sketch::Sketch| sketch.drawing.to_strokes().into_owned();
    for (margin, frame, grey) in [(0, 1, 0), (0, 4, 20), (0, 20, 20), (6, 1, 150), (10, 3, 0), (3, 8, 200)] {
        let side = 200 + 2 * (margin + frame);
        let mut framed = GrayImage::from_pixel(side, side, image::Luma([255]));
        let inner = side - 2 * margin;
        let frame_grey = GrayImage::from_pixel(inner, inner, image::Luma([grey]));
        image::imageops::overlay(&mut framed, &frame_grey, margin.into(), margin.into());
        image::imageops::overlay(&mut framed, &sheet, (margin + frame).into(), (margin + frame).into());
        let read = only(encode(framed, ImageFormat::Png)).unwrap();
        assert_eq!(strokes(&read), strokes(&plain), "{margin} {frame} {grey}");
    }
    // A square alone is a drawing.
    let mut square = GrayImage::from_pixel(200, 200, image::Luma([255]));
    let inside = GrayImage::from_pixel(180, 180, image::Luma([0]));
    image::imageops::overlay(&mut square, &inside, 10, 10);
    image::imageops::overlay(&mut square, &GrayImage::from_pixel(174, 174, image::Luma([255])), 13, 13);
    assert!(!strokes(&only(encode(square, ImageFormat::Png)).unwrap()).is_empty());
}

#[test]
fn a_card_on_a_page_is_the_paper() {
    let sketch = read_file(example("quickdraw.ndjson")).unwrap().next().unwrap().unwrap();
    let ink = rasterize(&sketch.drawing, &dabnet_graph::Canvas { side: 200, margin: 0.15, ..CANVAS });
    let plain = only(encode(page(&ink, 200), ImageFormat::Png)).unwrap();
    let plain = rasterize(&plain.drawing, &CANVAS);
    // White, and a card of another grey with lines of a third, its corners rounded or not.
    for (outside, card, line, round) in
        [(255, 18, 255, 0), (255, 40, 250, 12), (18, 255, 0, 8), (255, 200, 20, 20)]
    {
        let mut picture = GrayImage::from_pixel(420, 300, image::Luma([outside]));
        for (x, y) in (0..200).flat_map(|y| (0..200).map(move |x| (x, y))) {
            let beyond = |at: u32| (round - at as i32).max(at as i32 - 199 + round).max(0);
            if beyond(x).pow(2) + beyond(y).pow(2) <= round * round {
                let share = i32::from(ink[(y * 200 + x) as usize]);
                let grey = (line * share + card * (255 - share)) / 255;
                picture.put_pixel(x + 110, y + 60, image::Luma([grey as u8]));
            }
        }
        let read = only(encode(picture, ImageFormat::Png)).unwrap();
        let alike = similarity(&rasterize(&read.drawing, &CANVAS), &plain);
        assert!(alike > 0.97, "{outside} {card} {line}: {alike}");
    }
    // The shadow of a card is none of it.
    let mut picture = GrayImage::from_pixel(420, 300, image::Luma([255]));
    for (x, y) in (0..240).flat_map(|y| (0..240).map(move |x| (x, y))) {
        let from = |at: u32| (20 - at as i32).max(at as i32 - 219).max(0);
        let beyond = (from(x).pow(2) + from(y).pow(2)) as f32;
        let shadow = 255.0 - 90.0 * (1.0 - beyond.sqrt() / 12.0).max(0.0);
        let share = if (20..220).contains(&x) && (20..220).contains(&y) {
            ink[((y - 20) * 200 + x - 20) as usize]
        } else {
            0
        };
        let grey = if beyond == 0.0 { 30 + (u32::from(share) * 220 / 255) as u8 } else { shadow as u8 };
        picture.put_pixel(x + 90, y + 30, image::Luma([grey]));
    }
    let read = only(encode(picture, ImageFormat::Png)).unwrap();
    let alike = similarity(&rasterize(&read.drawing, &CANVAS), &plain);
    assert!(alike > 0.97, "with a shadow: {alike}");
}

/// A black square with white squares in it: `sides` are how wide its lines are and how many squares there are in a row.
fn frame(line: u32, panes: u32) -> GrayImage {
    let mut picture = GrayImage::from_pixel(400, 400, image::Luma([255]));
    image::imageops::overlay(&mut picture, &GrayImage::from_pixel(300, 300, image::Luma([0])), 50, 50);
    let pane = (300 - (panes + 1) * line) / panes;
    for (row, column) in (0..panes).flat_map(|row| (0..panes).map(move |column| (row, column))) {
        let place = |at: u32| i64::from(50 + line + at * (pane + line));
        let white = GrayImage::from_pixel(pane, pane, image::Luma([255]));
        image::imageops::overlay(&mut picture, &white, place(column), place(row));
    }
    picture
}

/// What is seen of a picture, on a canvas, and how much of the canvas's middle and of all of it is inked.
fn seen(picture: impl Into<DynamicImage>) -> (Vec<u8>, usize, usize) {
    let ink = rasterize(&only(encode(picture, ImageFormat::Png)).unwrap().drawing, &CANVAS);
    let side = CANVAS.side;
    let middle =
        |at: &usize| [at % side, at / side].iter().all(|place| (side / 3..2 * side / 3).contains(place));
    let inked = |at: &usize| ink[*at] > 99;
    let (inner, all) =
        ((0..ink.len()).filter(middle).filter(inked).count(), (0..ink.len()).filter(inked).count());
    (ink, inner, all)
}

#[test]
fn broad_frames_are_no_cards() {
    for line in [20, 40, 60, 80, 100, 120] {
        let (_, inner, all) = seen(frame(line, 1));
        assert!(all > 300, "{line}: {all} pixels of ink");
        assert!(line > 80 || inner == 0, "{line}: {inner} pixels of ink inside");
    }
    for line in [20, 30, 40, 50] {
        let (_, inner, all) = seen(frame(line, 2));
        assert!(all > 400 && inner > 20, "{line}: {inner} and {all}");
    }
}

#[test]
fn filled_areas_are_their_edges() {
    let mut square = GrayImage::from_pixel(200, 200, image::Luma([255]));
    image::imageops::overlay(&mut square, &GrayImage::from_pixel(120, 120, image::Luma([0])), 40, 40);
    let (_, inner, all) = seen(square);
    assert!(inner == 0 && all > 300, "a square: {inner} and {all}");
    let round = |x: u32, y: u32| (f64::from(x) - 100.0).hypot(f64::from(y) - 100.0) < 70.0;
    let circle = GrayImage::from_fn(200, 200, |x, y| image::Luma([if round(x, y) { 40 } else { 255 }]));
    let (_, inner, all) = seen(circle);
    assert!(inner == 0 && all > 250, "a circle: {inner} and {all}");
    // An envelope, its paper colored in: the black lines on it are seen as without color.
    let line = |x: u32, y: u32| {
        let (dx, dy) = ((f64::from(x) - 150.0).abs(), f64::from(y));
        let edge = dx < 100.0 && (60.0..190.0).contains(&dy) && (dx > 96.0 || !(64.0..=186.0).contains(&dy));
        edge || (dy - (130.0 - 0.7 * dx)).abs() < 3.0 && dx < 100.0
    };
    let inside = |x: u32, y: u32| (50..250).contains(&x) && (60..190).contains(&y);
    let envelope = |fill: [u8; 3]| {
        image::RgbImage::from_fn(300, 250, |x, y| {
            image::Rgb(if line(x, y) {
                [0; 3]
            } else if inside(x, y) {
                fill
            } else {
                [255; 3]
            })
        })
    };
    let (plain, ..) = seen(envelope([255; 3]));
    for fill in [[255, 240, 160], [250, 200, 90], [120, 200, 255]] {
        let (colored, ..) = seen(envelope(fill));
        let alike = similarity(&colored, &plain);
        assert!(alike > 0.8, "{fill:?}: {alike}");
    }
}

#[test]
fn gif_and_bmp_are_the_same_as_png() {
    let picture = image::open(example("butterfly.png")).unwrap().to_rgb8();
    let png = only(encode(picture.clone(), ImageFormat::Png)).unwrap().drawing;
    assert_eq!(only(encode(picture.clone(), ImageFormat::Bmp)).unwrap().drawing, png);
    // Two colors fit into its palette as they are.
    let two = GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        image::Luma([if picture.get_pixel(x, y).0[0] > 127 { 255 } else { 0 }])
    });
    let rgb = DynamicImage::ImageLuma8(two).to_rgb8();
    let png = only(encode(rgb.clone(), ImageFormat::Png)).unwrap().drawing;
    assert_eq!(only(encode(rgb, ImageFormat::Gif)).unwrap().drawing, png);
}

#[test]
fn webp_without_losses_is_the_same_as_png() {
    let picture = image::open(example("butterfly.png")).unwrap();
    let drawing = |format| only(encode(picture.clone(), format)).unwrap().drawing;
    assert_eq!(drawing(ImageFormat::WebP), drawing(ImageFormat::Png));
    let cut = &encode(picture.clone(), ImageFormat::WebP)[..500];
    assert!(error(cut).contains("as WebP"));
}
