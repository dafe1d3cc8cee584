//! `calibrate`, `teach`, `recognize --unknown`, `index` and `find`: words of one's own, none of these, likeness.

use std::{
    f64::consts::TAU,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::common::{assert_one_clear_line, dabnet, ok, shipped, text};

/// Drawings of a word that are taught; others are asked for.
const TAUGHT: usize = 6;

pub(crate) type Strokes = Vec<Vec<[f64; 2]>>;

/// A wheel with three long hooked arms, and a box with a zigzag across, as a hand draws them a little otherwise every time.
pub(crate) fn symbol(word: &str, number: usize) -> Strokes {
    let wobble = |at: usize| 0.06 * (1.7 * (at * 7 + number * 13) as f64).sin();
    let turn = wobble(1) * 2.0;
    match word {
        "triskele" => (0..3)
            .map(|arm| {
                let point = |step: usize| {
                    let along = step as f64 / 12.0;
                    let angle = turn + TAU * (arm as f64 / 3.0 + along * (0.6 + wobble(arm)));
                    [50.0 + 48.0 * along * angle.cos(), 50.0 + 48.0 * along * angle.sin()]
                };
                (0..=12).map(point).collect()
            })
            .collect(),
        _ => {
            let corner = |at: usize, x: f64, y: f64| [x + 90.0 * wobble(at), y + 90.0 * wobble(at + 5)];
            let frame = [(0., 0.), (90., 0.), (90., 60.), (0., 60.), (0., 0.)];
            let zigzag = [(5., 30.), (20., 5.), (35., 55.), (50., 5.), (65., 55.), (85., 30.)];
            let stroke = |from: usize, points: &[(f64, f64)]| {
                points.iter().enumerate().map(|(at, &(x, y))| corner(from + at, x, y)).collect()
            };
            vec![stroke(0, &frame), stroke(9, &zigzag)]
        }
    }
}

/// Writes drawings of both symbols, a folder a word: those to teach into `words`, others into `asked`.
fn write_symbols(folder: &Path) -> [PathBuf; 2] {
    let folders = ["words", "asked"].map(|name| folder.join(name));
    for word in ["triskele", "voltage box"] {
        for number in 0..TAUGHT + 4 {
            let own = folders[usize::from(number >= TAUGHT)].join(word);
            fs::create_dir_all(&own).unwrap();
            let strokes = json!({ "strokes": symbol(word, number) });
            fs::write(own.join(format!("{number}.json")), strokes.to_string()).unwrap();
        }
    }
    folders
}

/// First labels of files in a folder for each word, and whether they are unknown.
fn answers(model: &str, folder: &Path) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for word in ["triskele", "voltage box"] {
        let lines = ok(&["recognize", "--json", "--model", model, &text(&folder.join(word))]);
        for line in lines.lines() {
            let answer: Value = serde_json::from_str(line).unwrap();
            let label = answer["predictions"][0]["label"].as_str().unwrap().to_owned();
            found.push((label, answer["unknown"].as_bool().unwrap()));
        }
    }
    found
}

#[test]
fn a_model_learns_words_and_forgets_them() {
    let folder = tempfile::tempdir().unwrap();
    let [words, asked] = write_symbols(folder.path());
    let mine = text(&folder.path().join("mine"));
    let said = ok(&["teach", &text(&words), "-o", &mine]);
    assert!(said.contains("learned 'triskele', 'voltage box'; knows 347 words"), "{said}");
    let right = |answers: &[(String, bool)]| {
        let expected = ["triskele"; 4].into_iter().chain(["voltage box"; 4]);
        answers.iter().zip(expected).filter(|((label, _), word)| label == word).count()
    };
    let found = answers(&mine, &asked);
    assert!(right(&found) >= 7, "{found:?}");
    assert_eq!(ok(&["teach", "--list", "--model", &mine]), "triskele\nvoltage box\n");

    // What it knew, it knows.
    let cat = ok(&["recognize", "--top", "1", "--model", &mine, "data/examples/quickdraw.ndjson"]
        .map(|argument| {
            let path = shipped(argument);
            if argument.contains('/') { text(&path) } else { argument.to_owned() }
        })
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>());
    assert!(
        cat.contains("#1: cat ") && cat.contains("#2: bicycle ") && cat.contains("#3: umbrella "),
        "{cat}"
    );

    // Not over what is there, and back again.
    let again = dabnet(&["teach", &text(&words), "--model", &mine, "-o", &mine]);
    assert_one_clear_line(&again, 2, &["is there already", "--force"]);
    let fewer = text(&folder.path().join("fewer"));
    let said = ok(&["teach", "--remove", "triskele", "--model", &mine, "-o", &fewer, "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["words"], &said["taught"]), (&json!(346), &json!(["voltage box"])));
    ok(&["teach", &text(&words), "--model", &mine, "-o", &mine, "--force"]);
    assert_eq!(answers(&mine, &asked), found);
}

#[test]
fn a_model_of_own_words_alone_says_unknown_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let [words, asked] = write_symbols(folder.path());
    let own = text(&folder.path().join("own"));
    ok(&["teach", &text(&words), "--replace", "--model", "quickdraw-20", "-o", &own]);
    let found = answers(&own, &asked);
    assert!(found.iter().filter(|(_, unknown)| !unknown).count() >= 7, "{found:?}");
    let rest = text(&shipped("data/examples"));
    let lines = ok(&["recognize", "--unknown", "--top", "1", "--model", &own, &rest]);
    let unknown = lines.lines().filter(|line| line.contains(": unknown (")).count();
    assert!(unknown + 1 >= lines.lines().count(), "{lines}");
}

#[test]
fn a_measured_model_says_how_sure_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = text(&folder.path().join("model.safetensors"));
    let test = text(&shipped("data/quickdraw-20/test.ndjson.gz"));
    let said = ok(&["calibrate", "quickdraw-20", "--data", &test, "-o", &file]);
    assert!(said.contains("temperature ") && said.contains("least energy of 95 %"), "{said}");
    let eval = |model: &str| -> Value {
        serde_json::from_str(&ok(&["eval", "--json", "--model", model, "--data", &test])).unwrap()
    };
    let (before, after) = (eval("quickdraw-20"), eval(&file));
    assert_eq!(before["confusion"], after["confusion"]);
    assert!(after["calibration_error"].as_f64().unwrap() < 0.03, "{}", after["calibration_error"]);
    let bins = after["reliability"].as_array().unwrap();
    let counted: u64 = bins.iter().map(|bin| bin[2].as_u64().unwrap()).sum();
    assert_eq!(counted, after["count"].as_u64().unwrap());
}

#[test]
fn what_cannot_be_taught_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let [words, _] = write_symbols(folder.path());
    let out = text(&folder.path().join("out"));
    let known = folder.path().join("known/cat");
    fs::create_dir_all(&known).unwrap();
    fs::copy(words.join("triskele/0.json"), known.join("0.json")).unwrap();
    let known = dabnet(&["teach", &text(known.parent().unwrap()), "-o", &out]);
    assert_one_clear_line(&known, 2, &["the model knows 'cat' from its training"]);
    let wordless = dabnet(&["teach", &text(&words.join("triskele/0.json")), "-o", &out]);
    assert_one_clear_line(&wordless, 2, &["has no word"]);
    let gone = dabnet(&["teach", "--remove", "sigil", "-o", &out]);
    assert_one_clear_line(&gone, 2, &["the model has no word 'sigil'"]);
    assert!(!Path::new(&out).exists());
    fs::create_dir(words.join("sigil")).unwrap();
    let empty = dabnet(&["teach", &text(&words), "--model", "quickdraw-20", "-o", &out]);
    assert_one_clear_line(&empty, 0, &["sigil is empty: nothing is learned of it"]);
}

#[test]
fn what_is_like_a_sketch_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (index, test) = (text(&folder.path().join("index")), shipped("data/quickdraw-20/test.ndjson.gz"));
    let test = text(&test);
    ok(&["index", &test, "--model", "quickdraw-20", "-o", &index]);
    let lines =
        ok(&["find", &index, &text(&shipped("data/examples/quickdraw.ndjson")), "--top", "5", "--json"]);
    for (line, word) in lines.lines().zip(["cat ", "bicycle ", "umbrella "]) {
        let answer: Value = serde_json::from_str(line).unwrap();
        let found = answer["found"].as_array().unwrap();
        let right = found.iter().filter(|found| found["name"].as_str().unwrap().starts_with(word)).count();
        assert!(found.len() == 5 && right >= 4, "{word}: {line}");
    }
    // A sketch that is in the index is the likest to itself.
    let words = write_symbols(folder.path())[0].join("triskele");
    ok(&["index", &text(&words), "--model", "quickdraw-20", "-o", &index, "--force"]);
    let printed = ok(&["find", &index, &text(&words.join("3.json")), "--top", "1"]);
    assert!(printed.lines().nth(1).is_some_and(|line| line.starts_with("  1.00  ")), "{printed}");

    let none = dabnet(&["find", &text(folder.path()), &test]);
    assert_one_clear_line(&none, 2, &["is no index", "dabnet index makes one"]);
    let taken = dabnet(&["index", &test, "-o", &index]);
    assert_one_clear_line(&taken, 2, &["is there already", "--force"]);
}
