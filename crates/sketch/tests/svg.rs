//! SVG files, good and broken.

use crate::common::{CANVAS, error, example, only};
use dabnet_sketch::{Drawing, SketchError, Stroke, rasterize, read_file};

fn svg(body: &str) -> String {
    format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256">{body}</svg>"#)
}

fn strokes(body: &str) -> Vec<Stroke> {
    only(svg(body)).unwrap().drawing.to_strokes().into_owned()
}

#[test]
fn real_files() {
    for (name, count) in [("airplane.svg", 19), ("alarm-clock.svg", 29)] {
        let sketch = read_file(example(name)).unwrap().next().unwrap().unwrap();
        let Drawing::Strokes(strokes) = &sketch.drawing else { panic!("strokes") };
        assert_eq!(strokes.len(), count, "{name}");
        let inside = |point: &[f32; 2]| point.iter().all(|c| (0.0..=800.0).contains(c));
        assert!(strokes.iter().flat_map(|stroke| &stroke.points).all(inside), "{name}");
    }
}

#[test]
fn transforms_apply_and_order_is_kept() {
    let body = r#"<g transform="translate(10 20)" stroke="black" fill="none">
        <g transform="scale(2)"><polyline points="0,0 5,0 5,5"/></g>
        <path d="M1 1h2z m10 0v3"/><line x1="0" y1="9" x2="9" y2="9"/></g>"#;
    let expected = [
        vec![[10.0, 20.0], [20.0, 20.0], [20.0, 30.0]],
        vec![[11.0, 21.0], [13.0, 21.0], [11.0, 21.0]],
        vec![[21.0, 21.0], [21.0, 24.0]],
        vec![[10.0, 29.0], [19.0, 29.0]],
    ];
    assert_eq!(strokes(body), expected.map(Stroke::new));
}

#[test]
fn curves_become_lines_on_the_curve() {
    let circle = &strokes(r#"<circle cx="50" cy="50" r="40" stroke="red" fill="none"/>"#)[0];
    assert!(circle.points.len() > 20);
    for [x, y] in &circle.points {
        assert!(((x - 50.0).hypot(y - 50.0) - 40.0).abs() < 0.05);
    }
    assert!((circle.length() - std::f32::consts::TAU * 40.0).abs() < 0.5);
}

#[test]
fn the_same_sketch_as_svg_and_ndjson_is_the_same_canvas() {
    for sketch in read_file(example("quickdraw.ndjson")).unwrap() {
        let drawing = sketch.unwrap().drawing;
        let lines = drawing.to_strokes().iter().fold(String::new(), |body, stroke| {
            let points: Vec<_> = stroke.points.iter().map(|[x, y]| format!("{x},{y}")).collect();
            body + &format!(r#"<polyline points="{}" stroke="black" fill="none"/>"#, points.join(" "))
        });
        assert_eq!(rasterize(&only(svg(&lines)).unwrap().drawing, &CANVAS), rasterize(&drawing, &CANVAS));
    }
}

#[test]
fn without_lines() {
    assert!(error(svg("")).contains("shows no lines"));
    let hidden = r#"<path d="M0 0h9" stroke="black" visibility="hidden"/><path d="M5 5h0" stroke="black"/>"#;
    assert!(error(svg(hidden)).contains("shows no lines"));
    let text = error(svg("<text>Hello</text>"));
    assert!(text.contains("shows no lines, and its text is left out"), "{text}");
}

#[test]
fn what_is_no_svg() {
    assert!(error("<html><body/></html>").contains("a page of HTML"));
    assert!(error("<svg").contains("as SVG"));
    assert!(error(&b"<svg \xff/>"[..]).contains("not UTF-8"));
}

#[test]
fn no_other_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.svg");
    std::fs::write(&other, svg(r#"<path d="M0 0h99" stroke="black"/>"#)).unwrap();
    let image = format!(r#"<image width="9" height="9" href="{}"/>"#, other.display());
    assert!(error(svg(&image)).contains("shows no lines"));
}

#[test]
fn what_would_never_end_is_refused() {
    let deep = "<g>".repeat(100_000) + &"</g>".repeat(100_000);
    assert!(error(svg(&deep)).contains("nested deeper"));
    let many = "<g/>".repeat(300_000);
    assert!(error(svg(&many)).contains("as SVG"));
    let long = format!(
        r#"<path transform="scale(.001)" stroke="black" fill="none" d="M0 0{}"/>"#,
        "h1".repeat(110_000)
    );
    assert!(error(svg(&long)).contains("more than 100000 points"));
    let chain: String = (1..2000)
        .map(|i| format!(r##"<pattern id="p{i}"><path d="M0 0L9 9" stroke="url(#p{})"/></pattern>"##, i - 1))
        .collect();
    let chain = format!(r##"{chain}<path d="M0 0h9" stroke="url(#p1999)"/>"##);
    assert!(error(svg(&chain)).contains("more than 64 patterns"));
    let uses: String = (1..12)
        .map(|i| format!(r##"<g id="g{i}">{}</g>"##, format!(r##"<use href="#g{}"/>"##, i - 1).repeat(4)))
        .collect();
    let uses = format!(r##"<g id="g0"><path d="M0 0h9" stroke="black"/></g>{uses}"##);
    assert!(error(svg(&uses)).contains("stand for too many"));

    let line = |curves: usize| {
        format!(r##"<path id="a" d="M0 0{}" stroke="black"/>"##, "c0,90,90,90,90,0".repeat(curves))
    };
    assert!(error(svg(&line(60_000))).contains("one of its lines"));
    let uses = format!("{}{}", line(10_000), r##"<use href="#a"/>"##.repeat(500));
    assert!(error(svg(&uses)).contains("stand for too many"));

    let entities = |definitions: &str, body: &str| format!("<!DOCTYPE svg [{definitions}]>{}", svg(body));
    let nested = entities(r#"<!ENTITY a "aaa"><!ENTITY b "&a;&a;">"#, r#"<g id="&b;"/>"#);
    assert!(error(nested).contains("entities"));
    let long = entities(&format!(r#"<!ENTITY a "{}">"#, "a".repeat(100_000)), &"<g id='&a;'/>".repeat(3000));
    assert!(error(long).contains("entities"));
    let large = format!("<!--{}-->", " ".repeat(17 << 20));
    assert!(matches!(only(svg(&large)), Err(SketchError::TooLarge { .. })));
}

#[test]
fn uses_are_drawn() {
    let line = r##"<g id="a"><path id="p" d="M0 0h9" stroke="black"/></g>"##;
    let uses = r##"<use href="#a" x="5"/><use xlink:href="#p" xmlns:xlink="http://www.w3.org/1999/xlink"/>"##;
    assert_eq!(strokes(&format!("{line}{uses}")).len(), 3);
    // One that names itself is left out by the renderer; here it only has to end.
    drop(only(svg(&format!(r##"{line}<g id="c"><use href="#c"/></g>"##))));
}

#[test]
fn marks_on_lines_are_not_lines() {
    let marker = r#"<marker id="m" viewBox="0 0 9 9"><path d="M0 0h9" stroke="black"/></marker>"#;
    let line = r#"<path d="M0 0h50" stroke="black" style="marker-end: url(#m)"/>"#;
    assert_eq!(strokes(&format!("{marker}{line}")).len(), 1);
}

#[test]
fn every_prefix_of_a_real_file() {
    let bytes = std::fs::read(example("airplane.svg")).unwrap();
    for length in (0..bytes.len() - 10).step_by(7) {
        assert!(only(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn styles_that_take_minutes_are_refused() {
    let svg = |inside: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>"#);
    let rules: String = (0..20_000).map(|at| format!(".c{at} path{{stroke:red}}\n")).collect();
    let paths = r#"<path class="q" d="M0 0l1 1"/>"#.repeat(10_000);
    let sheet = |style: &str, body: &str| svg(&format!("<style>{style}</style>{body}"));
    let deep = ["<g>".repeat(60), paths.clone(), "</g>".repeat(60)].concat();
    for (long, reason) in [
        (sheet(&rules, &paths), "style sheets"),
        (sheet(&format!(".x {} path{{stroke:red}}", "g ".repeat(20)), &deep), "style sheets"),
        (sheet(&format!(".x {} [a='/*}}'] path{{}}/**/", "g ".repeat(20)), &deep), "style sheets"),
        (sheet(&format!("path{{{}}}", "stroke:red;".repeat(100_000)), &paths), "declarations"),
        (svg(&format!(r#"<path style="{}"/>"#, "stroke:red;".repeat(100_000))), "declarations"),
        (
            svg(&format!("<path {}/>", (0..100_000).map(|at| format!("a{at} = '>' ")).collect::<String>())),
            "attributes",
        ),
    ] {
        let error = error(long);
        assert!(error.contains(reason), "{error}");
    }
    let usual =
        "/* a few words, as people write them { */ g .a, g > path.b, path { stroke: red }\n".repeat(10);
    assert!(only(sheet(&usual, &paths)).is_ok());
}
