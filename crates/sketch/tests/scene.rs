//! Scenes of whiteboards, cut into sketches.

use std::path::PathBuf;

use dabnet_sketch::{Drawing, Sketch, SketchError, Stroke, read_bytes, read_file};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::example;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenes").join(name)
}

fn sketches(name: &str) -> Vec<Sketch> {
    read_file(file(name)).unwrap().map(Result::unwrap).collect()
}

fn strokes(sketch: &Sketch) -> &[Stroke] {
    match &sketch.drawing {
        Drawing::Strokes(strokes) => strokes,
        _ => panic!("scenes hold strokes"),
    }
}

fn excalidraw(elements: &[Value]) -> Result<Vec<Sketch>, SketchError> {
    let scene = json!({ "type": "excalidraw", "version": 2, "elements": elements });
    read_bytes("scene", scene.to_string())?.collect()
}

fn line(x: f64, y: f64, points: Value) -> Value {
    json!({ "id": format!("{x},{y}"), "type": "freedraw", "x": x, "y": y, "points": points })
}

fn diagonal(x: f64, y: f64) -> Value {
    line(x, y, json!([[0, 0], [60, 80]]))
}

/// Distance of the most distant points of drawings that have as many strokes, in whatever place they are.
fn distance(found: &[Stroke], expected: &[Stroke]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let start = |strokes: &[Stroke]| strokes[0].points[0];
    let ([fx, fy], [ex, ey]) = (start(found), start(expected));
    let mut most = 0.0_f32;
    for (found, expected) in found.iter().zip(expected) {
        for [x, y] in &expected.points {
            let away = |[a, b]: &[f32; 2]| (a - fx - (x - ex)).hypot(b - fy - (y - ey));
            most = most.max(found.points.iter().map(away).fold(f32::INFINITY, f32::min));
        }
    }
    most
}

#[test]
fn what_whiteboards_save_is_what_was_drawn() {
    let drawn: Vec<Sketch> = read_file(example("quickdraw.ndjson")).unwrap().map(Result::unwrap).collect();
    let board = sketches("board.excalidraw");
    assert_eq!(board.len(), 5);
    assert_eq!(board[0].notes, ["the scene has elements that are left out: text (1)"]);
    for (found, expected) in board.iter().zip(&drawn) {
        assert!(distance(strokes(found), strokes(expected)) < 1.0);
    }
    for name in ["today.tldr", "points.tldr"] {
        let board = sketches(name);
        assert_eq!(board.len(), 4, "{name}");
        assert!(board.iter().all(|sketch| sketch.notes.is_empty()));
        for at in [0, 2] {
            assert!(distance(strokes(&board[at]), strokes(&drawn[at])) < 0.5, "{name}");
        }
        assert_eq!(board[1].id.as_deref(), Some("shape:group"));
    }
    let selected = sketches("snapshot.json");
    assert_eq!(selected.len(), 1);
    assert!(distance(strokes(&selected[0]), strokes(&sketches("today.tldr")[1])) < 0.5);
}

#[test]
fn what_lies_together_is_one_sketch() {
    assert_eq!(excalidraw(&[diagonal(0.0, 0.0), diagonal(65.0, 0.0)]).unwrap().len(), 1);
    assert_eq!(excalidraw(&[diagonal(0.0, 0.0), diagonal(80.0, 0.0)]).unwrap().len(), 2);
    // Two that are far from each other are near what is around both.
    let around = json!({ "type": "rectangle", "x": -5, "y": -5, "width": 205, "height": 90 });
    assert_eq!(excalidraw(&[diagonal(0.0, 0.0), diagonal(130.0, 0.0), around]).unwrap().len(), 1);
    let in_frame = |mut element: Value, frame: &str| {
        element["frameId"] = json!(frame);
        element
    };
    let frames = [in_frame(diagonal(0.0, 0.0), "a"), in_frame(diagonal(5.0, 0.0), "b")];
    assert_eq!(excalidraw(&frames).unwrap().len(), 2);
    let grouped = |mut element: Value| {
        element["groupIds"] = json!(["inner", "outer"]);
        element
    };
    let found =
        excalidraw(&[grouped(diagonal(0.0, 0.0)), diagonal(400.0, 300.0), grouped(diagonal(900.0, 0.0))]);
    let ids: Vec<_> = found.unwrap().into_iter().map(|sketch| sketch.id.unwrap()).collect();
    assert_eq!(ids, ["outer", "400,300"]);
}

#[test]
fn what_cannot_be_seen_is_not_there() {
    let with = |key: &str, value: Value| {
        let mut element = diagonal(500.0, 0.0);
        element[key] = value;
        element
    };
    let clear = json!({ "type": "ellipse", "x": 500, "y": 0, "width": 9, "height": 9, "strokeColor": "transparent",
        "backgroundColor": "transparent" });
    for hidden in
        [with("isDeleted", json!(true)), with("opacity", json!(0)), with("points", json!([])), clear]
    {
        let found = excalidraw(&[diagonal(0.0, 0.0), hidden.clone()]).unwrap();
        assert_eq!((found.len(), &found[0].notes), (1, &vec![]), "{hidden}");
    }
    let frame = json!({ "type": "frame", "x": 0, "y": 0, "width": 900, "height": 900 });
    let image = json!({ "type": "image", "x": 0, "y": 0, "width": 9, "height": 9 });
    let found = excalidraw(&[frame, image, json!({ "type": "line" }), diagonal(0.0, 0.0)]).unwrap();
    assert_eq!(found[0].notes, ["the scene has elements that are left out: image (1), malformed (1)"]);
    for (elements, part) in [
        (vec![], "nothing is drawn"),
        (vec![json!({ "type": "text", "x": 0, "y": 0, "text": "cat" })], "left out: text (1)"),
    ] {
        let message = excalidraw(&elements).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn elements_that_are_nowhere_are_left_out() {
    let board = std::fs::read_to_string(file("today.tldr")).unwrap();
    for (what, with, count) in [
        (
            r#""id":"shape:group","type":"group","x":330,"y":40,"parentId":"page:page""#,
            r#""id":"shape:group","type":"group","x":330,"y":40,"parentId":"shape:group""#,
            3,
        ),
        (r#""x":330,"y":40"#, r#""x":1e300,"y":40"#, 3),
    ] {
        let changed = board.replace(what, with);
        assert!(changed != board, "{what}");
        let found: Vec<Sketch> = read_bytes("it", changed).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), count);
        assert!(found[0].notes[0].contains("malformed"), "{:?}", found[0].notes);
    }
    let pressed = line(0.0, 0.0, json!([[0, 0, 0.5], [60, 80, 0.25]]));
    assert_eq!(strokes(&excalidraw(&[pressed]).unwrap()[0])[0].points, [[0.0, 0.0], [60.0, 80.0]]);
}

#[test]
fn shapes_are_outlines_where_they_lie() {
    let shape = json!({ "type": "rectangle", "x": 10, "y": 20, "width": 40, "height": 20, "angle": std::f64::consts::FRAC_PI_2 });
    let found = excalidraw(&[shape]).unwrap();
    let points = &strokes(&found[0])[0].points;
    // A quarter turn around the middle, (30, 30).
    for (found, expected) in
        points.iter().zip([[40.0, 10.0], [40.0, 50.0], [20.0, 50.0], [20.0, 10.0], [40.0, 10.0]])
    {
        assert!((found[0] - expected[0]).abs() + (found[1] - expected[1]).abs() < 1e-3, "{points:?}");
    }
    let arrow =
        json!({ "type": "arrow", "x": 0, "y": 0, "points": [[0, 0], [100, 0]], "endArrowhead": "arrow" });
    assert_eq!(strokes(&excalidraw(&[arrow]).unwrap()[0]).len(), 2);
}

#[test]
fn items_of_libraries_have_their_names() {
    let item = |name: &str| json!({ "id": name, "name": name, "elements": [diagonal(0.0, 0.0), diagonal(500.0, 0.0)] });
    let library =
        json!({ "type": "excalidrawlib", "version": 2, "libraryItems": [item("gate"), item("lamp")] });
    let found: Vec<Sketch> = read_bytes("it", library.to_string()).unwrap().map(Result::unwrap).collect();
    let words: Vec<_> = found.iter().map(|sketch| sketch.word.as_deref().unwrap()).collect();
    assert_eq!(words, ["gate", "lamp"]);
    assert!(found.iter().all(|sketch| strokes(sketch).len() == 2));
    let first = json!({ "type": "excalidrawlib", "version": 1, "library": [[diagonal(0.0, 0.0)], [diagonal(0.0, 0.0)]] });
    assert_eq!(read_bytes("it", first.to_string()).unwrap().count(), 2);
}

#[test]
fn damaged_scenes_are_errors() {
    for (scene, part) in [
        (r#"{"type": "excalidraw", "elements": [{"type""#, "the scene of Excalidraw: EOF"),
        (r#"{"type": "excalidraw", "elements": 7}"#, "the scene of Excalidraw: invalid type"),
        (r#"{"tldrawFileFormatVersion": 1, "records": 7}"#, "the scene of tldraw: invalid type"),
        (r#"{"tldrawFileFormatVersion": 1, "records": []}"#, "nothing is drawn"),
    ] {
        let message = read_bytes("it", scene).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

proptest! {
    #[test]
    fn damage_is_never_a_panic(name in prop::sample::select(vec!["board.excalidraw", "today.tldr", "snapshot.json"]),
        at in 0.0..1.0f64, byte in any::<u8>(), cut in any::<bool>())
    {
        let mut bytes = std::fs::read(file(name)).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] = byte;
        if cut {
            bytes.truncate(at + 1);
        }
        if let Ok(sketches) = read_bytes("it", bytes) {
            sketches.for_each(drop);
        }
    }
}
