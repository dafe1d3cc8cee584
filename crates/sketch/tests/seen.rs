//! SVG files as drawing programs write them: what a browser shows is the sketch, and nothing else is.

use crate::common::{error, only};
use dabnet_sketch::{Drawing, Sketch, Stroke};

/// A line to the right, one down, and one across that is only sometimes there.
const RIGHT: &str = "M20 20H180";
const DOWN: &str = "M20 20V180";
const ACROSS: &str = "M20 180L180 40";

fn svg(body: &str) -> String {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">{body}</svg>"#)
}

fn sketch(body: &str) -> Sketch {
    only(svg(body)).unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// Lines that a body shows, if it shows nothing else.
fn strokes(body: &str) -> Vec<Stroke> {
    match sketch(body).drawing {
        Drawing::Strokes(strokes) => strokes,
        other => panic!("{body}: {other:?}"),
    }
}

/// Traced lines of a body that has to be drawn, 200 units to a side.
fn traced(body: &str) -> Vec<Stroke> {
    let drawing = sketch(body).drawing;
    assert!(matches!(drawing, Drawing::Raster(_)), "{body} is lines");
    drawing.to_strokes().into_owned()
}

fn line(path: &str, style: &str) -> String {
    format!(r#"<path d="{path}" fill="none" {style}/>"#)
}

/// The corner of two lines.
fn corner() -> String {
    line(RIGHT, "stroke='black'") + &line(DOWN, "stroke='black'")
}

/// How long all lines are together, as a multiple of the longer side of what they lie in.
fn relative_length(strokes: &[Stroke]) -> f32 {
    let points = || strokes.iter().flat_map(|stroke| stroke.points.iter());
    let extent = |axis: usize| {
        let (low, high) =
            points().fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p[axis]), high.max(p[axis])));
        high - low
    };
    strokes.iter().map(Stroke::length).sum::<f32>() / extent(0).max(extent(1))
}

#[test]
fn every_color_of_a_browser_is_a_stroke() {
    let plain = strokes(&corner());
    for color in [
        "oklch(0.2 0.1 20)",
        "oklab(40% 0.1 0.1)",
        "lab(29% 39 20)",
        "lch(29% 44 27deg)",
        "hwb(90 10% 60%)",
        "color(display-p3 0.1176 0.1176 0.1176)",
        "color(srgb 0.1 0.2 0.3 / 90%)",
        "rgb(0 0 0 / 80%)",
        "rgb(10%, 0%, 0%)",
        "hsl(120deg 50% 20% / 0.9)",
        "light-dark(#000, #fff)",
        "light-dark(rgb(0, 0, 0), rgb(255, 255, 255))",
        "color-mix(in srgb, black 60%, white)",
        "var(--ink)",
        "var(--missing, var(--ink, white))",
        "var(--missing,#000)",
        "url(#missing) oklch(0.2 0.1 20)",
        "currentcolor",
        "CanvasText",
        "BLACK",
    ] {
        let styles = [
            format!("stroke='{color}'"),
            format!("style='stroke: {color}'"),
            format!("style='stroke:{color}!important'"),
        ];
        for style in styles {
            let body = line(RIGHT, "stroke='black'") + &line(DOWN, &style);
            assert_eq!(strokes(&format!("<g style='--ink: #222'>{body}</g>")), plain, "{style}");
        }
        let sheet = format!(
            "<style>:root{{--ink:navy}} .a, .b {{ fill: none; stroke: {color}; stroke-width: 2 }}</style>"
        );
        let body = format!("<path class='a' d='{RIGHT}'/><path class='b' d='{DOWN}'/>");
        assert_eq!(strokes(&(sheet + &body)), plain, "{color} in a sheet");
    }
}

#[test]
fn a_declaration_that_nobody_can_read_does_not_count() {
    let plain = strokes(&corner());
    let before = line(DOWN, "style='stroke:#111;stroke:color-of-the-future(1 2 3)'");
    assert_eq!(strokes(&(line(RIGHT, "stroke='black'") + &before)), plain);
    let attribute = line(DOWN, "stroke='black' style='stroke: nonsense'");
    assert_eq!(strokes(&(line(RIGHT, "stroke='black'") + &attribute)), plain);
    let inherited = format!("<g stroke='black'>{}</g>", line(RIGHT, "") + &line(DOWN, "stroke='nonsense'"));
    assert_eq!(strokes(&inherited), plain);
    // Where that leaves nothing, a stroke that is plainly there is one.
    let only = line(RIGHT, "stroke='ink(7)'") + &line(DOWN, "style='stroke: ink(7)'");
    assert_eq!(strokes(&only), plain);
}

#[test]
fn styles_are_read_however_they_are_written() {
    let plain = strokes(&corner());
    for style in [
        "style='stroke:/* ink */#000'",
        "style='stroke:#000 ! important'",
        "style='STROKE:#000'",
        "style=';fill:none;stroke:#000'",
        "style='stroke:nonsense;fill:none;stroke:#000'",
        "style='stroke:#000;stroke:nonsense;fill:none'",
        "stroke='&#35;000'",
    ] {
        assert_eq!(strokes(&(line(RIGHT, "stroke='black'") + &line(DOWN, style))), plain, "{style}");
    }
    for style in ["translate(20px, 0px)", "translateX(20px)", "translate(20)"] {
        let moved = format!(
            "<g style='transform: {style}'>{}</g>",
            line("M0 20H160", "stroke='black'") + &line("M0 20V180", "stroke='black'")
        );
        assert_eq!(strokes(&moved), plain, "{style}");
    }
    let ink = "<style>:root{--ink:#000}.dark{--ink:#fff}</style>";
    let body = line(RIGHT, "stroke='var(--ink)'") + &line(DOWN, "stroke='var(--ink)'");
    assert_eq!(strokes(&(ink.to_owned() + &body)), plain);
    let light = line(RIGHT, "stroke='white'") + &line(DOWN, "stroke='orange'");
    let page = |style: &str| {
        let svg =
            format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" {style}>{light}</svg>"#);
        only(svg).unwrap().drawing
    };
    assert_eq!(page("style='background:#121212'"), Drawing::Strokes(plain.clone()));
    assert_eq!(page("style='background-color:#121212'"), Drawing::Strokes(plain));
}

#[test]
fn rules_for_a_screen_hold() {
    let body = format!("<path d='{RIGHT}'/><path d='{DOWN}'/>");
    for sheet in [
        "@media screen{path{stroke:black;fill:none}}",
        "@media (min-width: 1px) { path { stroke: black; fill: none } } @media print { path { stroke: none } }",
        "@supports (color: lab(0 0 0)) { path { stroke: lab(0 0 0); fill: none } }",
        "path { stroke: black; fill: none } @media (prefers-color-scheme: dark) { path { display: none } }",
        "@media screen, print { path { stroke: black; fill: none } }",
        "@media not print { path { stroke: black; fill: none } }",
        "path { stroke: black; fill: none } @media (max-width: 1px) { path { display: none } }",
        "@charset 'utf-8'; @import url(\"https://fonts/css2?family=A:wght@400;700\"); path { stroke: black; fill: none }",
    ] {
        assert_eq!(strokes(&format!("<style>{sheet}</style>{body}")), strokes(&corner()), "{sheet}");
    }
}

#[test]
fn what_is_not_seen_does_not_count() {
    let plain = strokes(&corner());
    for hidden in [
        line(ACROSS, "stroke='transparent'"),
        line(ACROSS, "stroke='#0000'"),
        line(ACROSS, "stroke='#00000000'"),
        line(ACROSS, "stroke='rgba(0,0,0,0)'"),
        line(ACROSS, "stroke='black' stroke-opacity='0'"),
        line(ACROSS, "stroke='black' opacity='0'"),
        line(ACROSS, "stroke='black' stroke-width='0'"),
        line(ACROSS, "stroke='black' visibility='hidden'"),
        line(ACROSS, "stroke='black' style='display:none'"),
        line(ACROSS, "stroke='white'"),
        line("M300 300h90", "stroke='black'"),
        (0..9).map(|at| line(&format!("M0 {}H199", 22 * at), "stroke='#e9e9e9'")).collect(),
        format!("<g opacity='0.1'><g opacity='0.1'>{}</g></g>", line(ACROSS, "stroke='black'")),
        format!("<g visibility='collapse'>{}</g>", line(ACROSS, "stroke='black'")),
        format!("<defs>{}</defs>", line(ACROSS, "stroke='black'")),
        "<rect width='99' height='99' fill='none'/><circle r='50' fill-opacity='0'/>".to_owned(),
    ] {
        // Beneath the lines, so that nothing is hidden by it.
        assert_eq!(strokes(&(hidden.clone() + &corner())), plain, "{hidden}");
    }
}

#[test]
fn sheets_and_frames_are_no_ink() {
    let plain = strokes(&corner());
    let light = line(RIGHT, "stroke='white'") + &line(DOWN, "stroke='white'");
    for (sheet, lines) in [
        ("<rect width='200' height='200' fill='white'/>", &corner()),
        ("<rect width='200' height='200' fill='white' stroke='white'/>", &corner()),
        ("<rect width='200' height='200' fill='#fffff0' stroke='#ccc'/>", &corner()),
        ("<rect x='1' y='1' width='198' height='198' fill='none' stroke='#bbb'/>", &corner()),
        ("<path d='M0 0H200V200H0Z' fill='#121212'/>", &light),
        (
            "<rect width='200' height='200' fill='#eee'/><rect x='9' y='9' width='182' height='182' fill='#222' stroke='red'/>",
            &light,
        ),
        ("<rect width='200' height='200' fill='white'/>", &light),
        ("", &light),
        ("<rect width='200' height='200' rx='30' fill='#121212'/>", &light),
        ("<rect x='1' y='1' width='198' height='198' rx='9' fill='none' stroke='#bbb'/>", &corner()),
    ] {
        assert_eq!(strokes(&format!("{sheet}{lines}")), plain, "{sheet}");
    }
    // A square alone is a drawing.
    assert_eq!(strokes("<rect width='200' height='200' fill='none' stroke='black'/>").len(), 1);
}

#[test]
fn what_leaves_the_page_is_cut_off() {
    let length =
        relative_length(&traced(&(corner() + &line("M180 20H900", "stroke='black' stroke-width='3'"))));
    assert!((length - 2.0).abs() < 0.15, "{length}");
    let around = "<circle cx='100' cy='100' r='500' fill='none' stroke='black'/>";
    assert!((relative_length(&traced(&(around.to_owned() + &corner()))) - 2.0).abs() < 0.15);
    // A dark page is one where a line leaves it.
    let page = "<rect width='200' height='200' fill='#121212'/>";
    let light = line(RIGHT, "stroke='white'") + &line("M20 20V260", "stroke='white'");
    assert!((relative_length(&traced(&(page.to_owned() + &light))) - 2.0).abs() < 0.2);
}

#[test]
fn filled_outlines_are_traced() {
    // A line of some width along RIGHT and DOWN, as programs draw pens that swell.
    let outline = "<path d='M18 18H182V22H22V182H18Z' fill='#1e1e1e'/>";
    for body in [
        outline.to_owned(),
        outline.replace("fill", "stroke='#1e1e1e' stroke-width='0.5' fill"),
        format!("<rect x='1' y='1' width='198' height='198' fill='none' stroke='#bbb'/>{outline}"),
        format!(
            "<g fill='url(#g)'>{}</g><linearGradient id='g'><stop/><stop offset='1' stop-color='#333'/></linearGradient>",
            outline.replace(" fill='#1e1e1e'", "")
        ),
    ] {
        let length = relative_length(&traced(&body));
        assert!((length - 2.0).abs() < 0.1, "{body}: {length}");
    }
}

#[test]
fn taps_of_the_pen_are_dots() {
    let mut plain = strokes(&corner());
    plain.push(Stroke::new(vec![[100.0, 100.0]]));
    assert_eq!(strokes(&(corner() + "<circle cx='100' cy='100' r='2' fill='black'/>")), plain);
    // A disc is no tap.
    let disc = corner() + "<circle cx='100' cy='100' r='30' fill='black'/>";
    assert!(matches!(sketch(&disc).drawing, Drawing::Raster(_)));
}

#[test]
fn what_lies_in_front_hides() {
    let all = corner() + &line(ACROSS, "stroke='black' stroke-width='4'");
    let rest = relative_length(&strokes(&corner()));
    for in_front in [
        // An eraser.
        line(ACROSS, "stroke='white' stroke-width='12'"),
        // A shape, beside the corner.
        "<path d='M24 24H200V200H24Z' fill='white'/>".to_owned(),
    ] {
        let length = relative_length(&traced(&(all.clone() + &in_front)));
        assert!((length - rest).abs() < 0.15, "{in_front}: {length}, not {rest}");
        // What comes first hides nothing.
        assert_eq!(strokes(&(in_front + &all)).len(), 3);
    }
}

#[test]
fn masks_and_clips_hide() {
    let all = corner() + &line(ACROSS, "stroke='black' stroke-width='4'");
    let rest = relative_length(&strokes(&corner()));
    let l_shape = "<path d='M0 0H200V26H26V200H0Z' fill='white'/>";
    for hides in [
        format!("<clipPath id='c'>{l_shape}</clipPath><g clip-path='url(#c)'>{all}</g>"),
        format!(
            "<mask id='c' maskUnits='userSpaceOnUse' x='0' y='0' width='200' height='200'>{l_shape}</mask><g mask='url(#c)'>{all}</g>"
        ),
        format!(
            "<style>.c {{ clip-path: url(#c) }}</style><clipPath id='c'>{l_shape}</clipPath><g class='c'>{all}</g>"
        ),
    ] {
        let length = relative_length(&traced(&hides));
        assert!((length - rest).abs() < 0.15, "{hides}: {length}, not {rest}");
    }
    let page = "<clipPath id='c'><rect width='200' height='200'/></clipPath>";
    assert_eq!(strokes(&format!("{page}<g clip-path='url(#c)'>{all}</g>")).len(), 3);
}

#[test]
fn pictures_inside_are_seen() {
    let mut picture = image::GrayImage::from_pixel(50, 50, image::Luma([255]));
    (5..45).for_each(|at| picture.put_pixel(at, 5, image::Luma([0])));
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let href = format!("data:image/png;base64,{}", base64(&png.into_inner()));
    let image = format!("<image width='200' height='200' href='{href}'/>");
    let drawing = sketch(&(line(DOWN, "stroke='black' stroke-width='4'") + &image)).drawing;
    assert!(matches!(drawing, Drawing::Raster(_)));
    let length = relative_length(&drawing.to_strokes());
    assert!((length - 1.0).abs() < 0.1, "the picture covers the line, and shows its own: {length}");
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |three: &[u8]| {
        let number = three.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let text: String =
            (0..4).map(|at| char::from(DIGITS[(number >> (18 - 6 * at)) as usize % 64])).collect();
        text[..three.len() + 1].to_owned() + &"=".repeat(3 - three.len())
    };
    bytes.chunks(3).map(digits).collect()
}

#[test]
fn what_is_left_out_is_told() {
    let notes = |body: &str| sketch(body).notes;
    assert!(notes(&corner()).is_empty());
    assert_eq!(notes(&(corner() + "<text x='9' y='9'>hello</text>")), ["its text is left out"]);
    assert!(notes(&(corner() + "<text> </text>")).is_empty());
    let svg_inside = "<image width='9' height='9' href='data:image/svg+xml,%3Csvg/%3E'/>";
    assert_eq!(notes(&(corner() + svg_inside)), ["a picture in it is left out"]);
    assert_eq!(
        notes(&(corner() + "<use href='other.svg#a'/>")),
        ["what it takes from other files is left out"]
    );
    let pattern = "<pattern id='p' width='9' height='9'><path d='M0 0h9' stroke='red'/></pattern>";
    assert_eq!(notes(&format!("{pattern}<g fill='url(#p)'>{}</g>", corner())), ["its patterns are left out"]);
    let styled = |style: &str| notes(&format!("<g style=\"{style}\">{}</g>", corner()));
    assert_eq!(styled("clip-path: inset(10px 20%)"), ["a shape of its style that cuts it is left out"]);
    assert_eq!(
        styled("-webkit-mask-image:linear-gradient(black, transparent)"),
        ["a mask of its style is left out"]
    );
    let sheet = format!("<style>path {{ fill: none; d: path('M 0 0 L 9 9') }}</style>{}", corner());
    assert_eq!(notes(&sheet), ["a line of its style is left out"]);
    assert!(styled("clip-path: none; mask: none; mask-mode: alpha").is_empty());
    let page = "<foreignObject width='9' height='9'><svg><path d='M0 0L9 9'/></svg></foreignObject>";
    assert_eq!(notes(&(corner() + page)), ["a foreign object in it is left out"]);
}

#[test]
fn every_encoding_is_read() {
    let plain = strokes(&corner());
    let declared = |encoding: &str| {
        format!(
            "<?xml version='1.0' encoding='{encoding}'?>{}",
            svg(&(format!("<title>Dé</title>{}", corner())))
        )
    };
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        [0xfeff].into_iter().chain(declared("UTF-16").encode_utf16()).flat_map(bytes).collect()
    };
    let latin = declared("ISO-8859-1").chars().map(|c| c as u8).collect();
    for file in [utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes), latin] {
        assert_eq!(only(file).unwrap().drawing, Drawing::Strokes(plain.clone()));
    }
    let json: Vec<u8> =
        r#"{"word":"line","drawing":[[[0,9],[0,9]]]}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sketch = only([&[0xff, 0xfe], &json[..]].concat()).unwrap();
    assert_eq!(sketch.word.as_deref(), Some("line"));
}

#[test]
fn small_files_that_ask_for_much_end_soon() {
    let body = corner();
    let chain = |open: &str, close: &str, refers: &str| -> String {
        let link = |at: usize| {
            let inside =
                format!("<g {refers}='url(#n{})'><rect width='200' height='200' fill='white'/></g>", at + 1)
                    .repeat(2);
            format!("<{open} id='n{at}'>{inside}</{close}>")
        };
        (0..40).map(link).collect::<String>() + &format!("<g {refers}='url(#n0)'>{body}</g>")
    };
    let group =
        |many: usize| format!("<g opacity='0.9'>{body}<rect width='40' height='40'/></g>").repeat(many);
    let open = "@media screen { ".repeat(100_000);
    let color = "color:(".repeat(300_000);
    let doubled: String = (0..30).map(|at| format!("--v{at}: var(--v{0}) var(--v{0});", at + 1)).collect();
    for (file, told) in [
        (chain("mask", "mask", "mask"), Some("stand for too much")),
        (chain("clipPath", "clipPath", "clip-path"), Some("stand for too much")),
        (
            format!(
                "<style>g,path,rect{{mask:url(#m)}}</style><mask id='m'>{}</mask>{}",
                "<rect width='9' height='9'/>".repeat(300),
                body.repeat(300)
            ),
            Some("stand for too much"),
        ),
        (group(3000), Some("layers")),
        // What makes the library panic, of which nothing is printed.
        (
            "<mask id='m' width='1e-6'><path d='M0 0h9'/></mask><path mask='url(#m)' d='M9000 9000h1v1'/>"
                .to_owned()
                + &body,
            None,
        ),
        (
            format!(
                "{}<g opacity='0.9'>{body}<rect width='40' height='40'/></g>{}",
                "<g opacity='0.99'>".repeat(50),
                "</g>".repeat(50)
            )
            .repeat(12),
            Some("layers"),
        ),
        (
            format!(
                "<linearGradient id='g'><stop/></linearGradient>{}",
                "<path fill='url(#g)' d='M0 0H200V200Z'/>".repeat(9000)
            ),
            Some("takes too long"),
        ),
        (format!("<style>{}</style>{body}", "@".repeat(300_000)), Some("begin with '@'")),
        (
            format!(
                "<svg:pattern xmlns:svg='http://www.w3.org/2000/svg' id='p'>{}</svg:pattern><path fill='url(#p)' d='M0 0h9v9'/>",
                body.repeat(100)
            ),
            None,
        ),
        (format!("<style>{open}</style>{body}"), None),
        (format!("<style>{color}</style>{body}"), None),
        (format!("<g style='{doubled} fill: var(--v0)'>{body}</g>"), None),
        (format!("<path stroke='black' d='M0 0{}'/>", "l1e9 1 1 1e9-1e9 0".repeat(1000)), None),
        (format!("<g transform='scale(1e30)'>{body}</g><circle r='9'/>"), None),
        (format!("<rect width='1e-20' height='1e-20'/>{body}<circle r='1e30'/>"), None),
    ] {
        // Each would take hours if nothing bounded it.
        let found = only(svg(&file));
        if let Some(told) = told {
            let error = found.expect_err("refused").to_string();
            assert!(error.contains(told), "{error}");
        }
    }
    assert!(error(svg(&format!("<style>{}</style>", "-".repeat(1 << 20)))).contains("no lines"));
}
