//! Quick, Draw! lines, good and broken.

use std::io::{Read, Write};

use crate::common::{error, example, only};
use dabnet_sketch::{Drawing, SketchError, Stroke, read, read_bytes, read_file};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

const DOT: &str = r#"{"word":"dot","drawing":[[[1],[2]]]}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn real_lines() {
    let sketches: Vec<_> = read_file(example("quickdraw.ndjson")).unwrap().map(Result::unwrap).collect();
    let words: Vec<_> = sketches.iter().map(|sketch| sketch.word.as_deref().unwrap()).collect();
    assert_eq!(words, ["cat", "bicycle", "umbrella"]);
    assert!(sketches.iter().all(|sketch| sketch.id.is_some()));
    let Drawing::Strokes(strokes) = &sketches[0].drawing else { panic!("strokes") };
    assert_eq!(strokes.len(), 8);
}

#[test]
fn compressed_is_the_same() {
    let plain = std::fs::read(example("quickdraw.ndjson")).unwrap();
    let sketches = |bytes: Vec<u8>| read_bytes("it", bytes).unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(sketches(gzip(&plain)), sketches(plain));
}

#[test]
fn raw_form() {
    let line = r#"{"key_id":7,"recognized":true,"drawing":[[[1.5,-2e1],[0.25,3],[0,16.7]],[[4],[5],[6]]]}"#;
    let sketch = only(line).unwrap();
    assert_eq!((sketch.word, sketch.id.as_deref()), (None, Some("7")));
    let strokes = vec![
        Stroke { points: vec![[1.5, 0.25], [-20.0, 3.0]], times: vec![0.0, 16.7] },
        Stroke { points: vec![[4.0, 5.0]], times: vec![6.0] },
    ];
    assert_eq!(sketch.drawing, Drawing::Strokes(strokes));
}

#[test]
fn a_broken_line_is_named_and_passed() {
    let text = format!("\u{feff}{DOT}\r\n\n{{\"word\": \n  \t\n{DOT}\n[]\n{DOT}");
    let items: Vec<_> = read_bytes("it", text).unwrap().collect();
    let lines: Vec<_> = items.iter().map(|item| item.as_ref().err().map(ToString::to_string)).collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[1].as_ref().unwrap().starts_with("'it', line 3: "), "{lines:?}");
    assert!(lines[3].as_ref().unwrap().starts_with("'it', line 6: "), "{lines:?}");
    assert!([0, 2, 4].iter().all(|at| lines[*at].is_none()), "{lines:?}");
}

#[test]
fn what_is_wrong_is_said() {
    for (line, reason) in [
        (r#"{"word":"x"}"#, "either 'strokes', each [[x, y], ...], or 'drawing'"),
        (r#"{"drawing":[]}"#, "the drawing has no strokes"),
        (r#"{"drawing":[[[],[]]]}"#, "the drawing has no strokes"),
        (r#"{"drawing":[[[1,2],[3]]]}"#, "stroke 0 has 2 x but 1 y coordinates"),
        // Said by the JSON parser or by us, depending on how exactly it was built to read floats.
        (r#"{"drawing":[[[1e39],[3]]]}"#, "range"),
        (r#"{"drawing":[[[1,2],[3,4],[5,6],[7,8]]]}"#, "expected a stroke as [[x, ...], [y, ...]]"),
        (r#"{"strokes":[[[1,2,3,4]]]}"#, "expected a point as [x, y]"),
        (r#"{"strokes":[[[1,1e39]]]}"#, "range"),
        (r#"{"strokes":[[]],"drawing":[]}"#, "either 'strokes'"),
        (r#"{"drawing":[[[1]]]}"#, "expected a stroke as [[x, ...], [y, ...]]"),
        (r#"{"drawing":[[["1"],[3]]]}"#, "invalid type: string"),
        (r#"{"drawing":[[[NaN],[3]]]}"#, "expected value"),
    ] {
        let message = error(line);
        assert!(message.starts_with("'it', line 1: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn a_long_line_is_not_held() {
    let long = std::io::repeat(b'x').take(40 << 20);
    let text = DOT.as_bytes().chain(&b"\n"[..]).chain(long).chain(&b"\n"[..]).chain(DOT.as_bytes());
    let items: Vec<_> = read("it", text).unwrap().collect();
    assert_eq!(items.len(), 3);
    assert!(items[0].is_ok() && items[2].is_ok());
    assert!(matches!(items[1], Err(SketchError::Line { line: 2, .. })));
}

#[test]
fn a_broken_first_line_is_an_error_like_any_other() {
    for broken in ["garbage", "null", "[1]", " \"x\" "] {
        let items: Vec<_> = read_bytes("it", format!("{broken}\n{DOT}\n")).unwrap().collect();
        assert!(matches!(items[0], Err(SketchError::Line { line: 1, .. })) && items[1].is_ok(), "{broken}");
    }
    assert!(matches!(read_bytes("it", "garbage\nmore"), Err(SketchError::Format { .. })));
}

#[test]
fn a_drawing_of_too_many_points_is_refused() {
    let list = vec!["1"; 100_001].join(",");
    let message = error(format!(r#"{{"drawing":[[[{list}],[{list}]]]}}"#));
    assert!(message.contains("more than 100000 points"), "{message}");
}

#[test]
fn a_short_gzip_cut_at_its_end_gives_its_sketches_first() {
    let bytes = gzip(format!("{DOT}\n{DOT}\n").as_bytes());
    let items: Vec<_> = read_bytes("it", &bytes[..bytes.len() - 3]).unwrap().collect();
    assert!(items[0].is_ok() && items[1].is_ok());
    assert!(matches!(items[2], Err(SketchError::Read { .. })) && items.len() == 3);
}

#[test]
fn a_cut_gzip_is_an_error_at_its_end() {
    let bytes = gzip(&format!("{DOT}\n").repeat(3000).into_bytes());
    let items: Vec<_> = read_bytes("it", &bytes[..bytes.len() - 20]).unwrap().collect();
    assert!(matches!(items.last(), Some(Err(SketchError::Read { .. }))));
    assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in r#"\{[\[\]{}",:0-9eE.+\-a-z \n]{0,200}"#) {
        read_bytes("it", text).into_iter().flatten().for_each(drop);
    }

    #[test]
    fn coordinates_survive(points in prop::collection::vec(prop::array::uniform2(-1e6f32..1e6), 1..20)) {
        let (x, y): (Vec<f32>, Vec<f32>) = points.iter().map(|[x, y]| (*x, *y)).unzip();
        let line = format!(r#"{{"drawing":[[{x:?},{y:?}]]}}"#);
        prop_assert_eq!(only(line).unwrap().drawing, Drawing::Strokes(vec![Stroke::new(points)]));
    }
}

#[test]
fn what_apps_send_is_read_from_files_too() {
    let expected = only(r#"{"drawing":[[[1,3],[2,4]],[[5],[6]]]}"#).unwrap().drawing;
    for sent in [
        r#"{"strokes":[[[1,2],[3,4,99]],[],[[5,6]]]}"#,
        r#"{"strokes":[[{"x":1,"y":2,"pressure":0.5},{"y":4,"x":3}],[[5,6]]],"id":"7"}"#,
        "{\n  \"strokes\": [\n    [[1, 2], [3, 4]],\n    [[5, 6]]\n  ]\n}\n",
        "{ \"title\": \"a\",\n\"drawing\": [[[1, 3],\n[2, 4]],\n[[5], [6]]]}",
    ] {
        assert_eq!(only(sent).unwrap().drawing, expected, "{sent}");
    }
}

#[test]
fn json_in_any_layout() {
    let pretty = "{\n  \"word\": \"dot\",\n  \"drawing\": [[[1],\n [2]]]\n}\n";
    let late = format!("{{\"about\":\"{}\",{}", "x".repeat(2000), &DOT[1..]);
    let cases = [
        ("two.json", pretty.repeat(2), 2),
        ("list.json", format!("[\n  {DOT},\n{pretty}, {DOT}]\n"), 3),
        ("late.json", late, 1),
        ("blank.json", " \n".repeat(2000) + DOT, 1),
    ];
    for (name, text, count) in cases {
        let sketches = read_bytes(name, text).unwrap().map(Result::unwrap);
        let words: Vec<_> = sketches.map(|sketch| sketch.word).collect();
        assert_eq!(words, vec![Some("dot".to_owned()); count], "{name}");
    }
    let mut cut = read_bytes("cut.json", pretty.to_owned() + &pretty[..20]).unwrap();
    assert!(cut.next().unwrap().is_ok());
    assert!(cut.next().unwrap().unwrap_err().to_string().contains("'cut.json', record 2: it does not end"));
    assert!(cut.next().is_none());
    // One that is broken does not take the others with it.
    let broken = format!("[{DOT}, {{\"drawing\": [[[1,],[2]]]}},\n null, {DOT}] {pretty}");
    let items: Vec<_> = read_bytes("it", broken).unwrap().collect();
    let errors = items.iter().map(|item| item.as_ref().err().map(ToString::to_string).unwrap_or_default());
    let errors: Vec<String> = errors.collect();
    assert_eq!(errors.iter().map(String::is_empty).collect::<Vec<_>>(), [true, false, false, true, true]);
    assert!(errors[1].contains("record 2: trailing comma at column 18"), "{errors:?}");
    assert!(errors[2].contains("record 3: it is no object: 'null'"), "{errors:?}");
    let error = read_bytes("other.json", "{\n\"a\": 1}".to_owned()).err().unwrap();
    assert!(matches!(error, SketchError::Format { .. }), "{error}");
}
