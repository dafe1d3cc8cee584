//! `dabnet data` on real sketches: what goes in comes out, whatever stops it on the way.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout, text};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::Value;
use tempfile::TempDir;

fn ok<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> String {
    let output = dabnet(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(arguments)).expect("one JSON object")
}

/// The bundled data set, imported.
fn bundled(folder: &TempDir) -> String {
    let out = text(&folder.path().join("data"));
    let printed =
        ok(&["data", "import", &text(&shipped("data/quickdraw-20")), "-o", &out, "--licence", "CC BY 4.0"]);
    assert!(
        printed.contains(": 4,000 sketches of 20 classes") && printed.contains("3,400 train, 600 test"),
        "{printed}"
    );
    out
}

#[test]
fn some_classes_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let [list, out] = ["classes.txt", "out"].map(|name| text(&folder.path().join(name)));
    let examples = text(&shipped("data/examples/quickdraw.ndjson"));
    let import = || dabnet(&["data", "import", &examples, "-o", &out, "--classes", &list]);
    assert_one_clear_line(&import(), 2, &[&list]);
    fs::write(&list, "cat = pet\nbicycle\nbicycle = thing").unwrap();
    assert_one_clear_line(&import(), 2, &[&list, "line 3"]);
    fs::write(&list, "cat = pet\nbicycle\nfox").unwrap();
    let output = import();
    assert_one_clear_line(&output, 0, &["no sketch of 'fox'"]);
    let told = stdout(&output);
    assert!(told.contains(": 2 sketches of 2 classes") && told.contains("1 of other classes"), "{told}");
    assert!(ok(&["data", "inspect", "--classes", &out]).contains("pet"));
}

#[test]
fn imported_inspected_and_split() {
    let folder = tempfile::tempdir().unwrap();
    let data = bundled(&folder);
    let found = json(&["data", "inspect", "--json", &data]);
    for (key, value) in
        [("count", 4000), ("classes", 20), ("train", 3400), ("test", 600), ("skipped", 0), ("broken", 0)]
    {
        assert_eq!(found[key], value, "{key}");
    }
    assert_eq!(found["licence"], "CC BY 4.0");
    let ink = found["ink"]["mean"].as_f64().unwrap();
    assert!((0.03..0.05).contains(&ink), "{ink}");

    let split = json(&["data", "split", "--json", &data, "--given", "--validation", "20"]);
    assert_eq!([&split["train"], &split["validation"], &split["test"]], [3000, 400, 600]);
    assert_eq!(json(&["data", "inspect", "--json", &data])["validation"], 400);
    let folds = json(&["data", "split", "--json", &data, "--folds", "4", "--fold", "3", "--force"]);
    assert_eq!([&folds["train"], &folds["validation"], &folds["test"]], [3000, 0, 1000]);
    let again = |more: &[&str]| dabnet(&[&["data", "split", &data][..], more].concat());
    assert_one_clear_line(&again(&["--test", "3"]), 2, &[&data, "split already", "--force"]);
    assert_one_clear_line(&again(&["--test", "200", "--force"]), 2, &[&data, "nothing would be left"]);
    assert_eq!(json(&["data", "inspect", "--json", &data])["test"], 1000);
    assert!(again(&["--folds", "4", "--fold", "3"]).status.success(), "the same split may be given again");
    assert_one_clear_line(&dabnet(&["data", "split", &data]), 2, &["--test"]);
    assert_one_clear_line(&dabnet(&["data", "split", &data, "--folds", "1"]), 2, &["at least 2 folds"]);
    let examples = text(&shipped("data/examples"));
    assert_one_clear_line(
        &dabnet(&["data", "split", &examples, "--test", "1"]),
        2,
        &[&examples, "no imported data set"],
    );
}

#[test]
fn classes_without_sketches_in_a_part_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [file, out] = ["some.ndjson", "out"].map(|name| text(&folder.path().join(name)));
    let line = |word: &str, at: usize| format!("{{\"word\":\"{word}\",\"drawing\":[[[0,{at}],[0,9]]]}}\n");
    let lines: String = [("cat", 3), ("dog", 5)]
        .into_iter()
        .flat_map(|(word, n)| (1..=n).map(move |at| line(word, at)))
        .collect();
    fs::write(&file, lines).unwrap();
    ok(&["data", "import", &file, "-o", &out]);
    let told = "no sketch to train on of 'cat'";
    assert_one_clear_line(&dabnet(&["data", "split", &out, "--test", "3"]), 0, &[told]);
    assert_one_clear_line(&dabnet(&["data", "inspect", &out]), 0, &[told]);
    let run = text(&folder.path().join("run"));
    let train = dabnet(&[
        "train",
        "--data",
        &out,
        "--out",
        &run,
        "--arch",
        "dabnet-xs",
        "--side",
        "32",
        "--epochs",
        "1",
    ]);
    assert!(train.status.success() && stderr(&train).contains(told), "{}", stderr(&train));
}

#[test]
fn anything_can_be_inspected_without_importing_it() {
    let bundled = json(&["data", "inspect", "--json", &text(&shipped("data/quickdraw-20"))]);
    assert!(bundled["licence"].as_str().unwrap().starts_with("CC BY 4.0"), "{bundled}");
    let found = json(&["data", "inspect", "--json", &text(&shipped("data/examples"))]);
    assert_eq!([&found["count"], &found["strokes"], &found["rasters"], &found["unlabelled"]], [7, 5, 2, 4]);
    let table = ok(&["data", "inspect", &text(&shipped("data/examples/butterfly.png"))]);
    assert!(table.contains("as rasters") && table.contains("source: butterfly.png"), "{table}");
}

#[test]
fn contact_sheets_are_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("sheet.png");
    let (examples, out) = (text(&shipped("data/examples")), text(&sheet));
    let draw = |options: &[&str]| {
        let arguments = [&["data", "render", "--force", &examples, "-o", &out], options].concat();
        ok(&arguments);
        image::open(&sheet).expect("a picture").into_luma8()
    };
    let plain = draw(&["--side", "50", "--columns", "4"]);
    // Four columns and two rows of cells with gaps of 6 and a line of text of 18.
    assert_eq!(plain.dimensions(), (6 + 4 * 56, 6 + 2 * 74));
    assert!(plain.pixels().filter(|pixel| pixel.0[0] < 128).count() > 300);
    let varied = draw(&["--augment", "rotation,paper", "--side", "50"]);
    assert_eq!(varied.height(), 6 + 2 * 74);
    assert_eq!(draw(&["--augment", "rotation,paper", "--side", "50"]), varied);
    assert_ne!(draw(&["--augment", "rotation,paper", "--side", "50", "--seed", "1"]), varied);

    let wrong = |options: &[&str], parts: &[&str]| {
        let arguments = [&["data", "render", "--force", &examples, "-o", &out], options].concat();
        assert_one_clear_line(&dabnet(&arguments), 2, parts);
    };
    wrong(&["--augment", "twirl"], &["'twirl'", "rotation"]);
    wrong(&["--class", "unicorn"], &["'unicorn'"]);
    wrong(&["--part", "test"], &["no such sketch"]);
}

#[test]
fn hostile_files_are_told_of_and_the_rest_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in");
    let put = |name: &str, bytes: &[u8]| {
        let path = source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let good = fs::read(shipped("data/examples/butterfly.png")).unwrap();
    put("cat/good.png", &good);
    let svg = |body: &str| format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{body}</svg>");
    let line = "<path d='M0 0 L9 9' stroke='black'/>";

    // A picture that says it is enormous.
    let mut enormous = good.clone();
    enormous[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let crc = crc32fast::hash(&enormous[12..29]);
    enormous[29..33].copy_from_slice(&crc.to_be_bytes());
    put("cat/enormous.png", &enormous);
    put("cat/cut.png", &good[..good.len() / 2]);
    let laughs: String =
        (1..20).map(|at| format!("<!ENTITY a{at} '{}'>", format!("&a{};", at - 1).repeat(10))).collect();
    put(
        "cat/laughs.svg",
        format!("<!DOCTYPE svg [<!ENTITY a0 'ha'>{laughs}]>{}", svg("<g id='&a19;'/>")).as_bytes(),
    );
    let entity = "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    put("cat/entity.svg", format!("{entity}{}", svg("<text>&x;</text>")).as_bytes());
    put("cat/script.svg", svg("<script>while(true){}</script>").as_bytes());
    let nested = "<g transform='scale(1e30)'>".repeat(100) + line + &"</g>".repeat(100);
    put("cat/overflow.svg", svg(&nested).as_bytes());
    put(
        "shape.npy",
        b"\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 7)}     ",
    );
    let drawing = |point: &str| format!("{{\"word\":\"dot\",\"drawing\":[[[{point}],[0]]]}}\n");
    let many = format!("{{\"drawing\":[[[{0}0],[{0}0]]]}}\n", "0,".repeat(1_000_000));
    let long = format!("{{\"word\":\"{}\"}}\n", "a".repeat(20 << 20));
    let lines =
        [drawing("1"), drawing("NaN"), drawing("1e999"), drawing(""), many, long, drawing("2")].concat();
    put("dots.ndjson", lines.as_bytes());
    // A megabyte that unpacks to a gigabyte of nothing.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..1024 {
        bomb.write_all(&[b'{'; 1 << 20]).unwrap();
    }
    put("bomb.ndjson.gz", &bomb.finish().unwrap());

    let out = text(&folder.path().join("out"));
    let output = dabnet(&["data", "import", "--json", &text(&source), "-o", &out]);
    assert!(output.status.success(), "{}", stderr(&output));
    let manifest: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let told = stderr(&output);
    assert!(!told.contains("panicked"), "{told}");
    let broken = [
        ("cat/enormous.png", "8192"),
        ("cat/cut.png", "cut short"),
        ("cat/laughs.svg", ""),
        ("cat/entity.svg", ""),
        ("cat/script.svg", "shows no lines"),
        ("shape.npy", "[1000000000, 7]"),
        ("dots.ndjson', line 2", ""),
        ("dots.ndjson', line 3", "range"),
        ("dots.ndjson', line 4", "0 x but 1 y"),
        ("dots.ndjson', line 5", "100000 points"),
        ("dots.ndjson', line 6", "longer than"),
        ("bomb.ndjson.gz", "longer than"),
    ];
    for (name, reason) in broken {
        let line = told.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {told}"));
        assert!(line.starts_with("dabnet: skipped: ") && line.contains(reason), "{line}");
    }
    // The overflowing transform may leave nothing to draw, or something; either is well.
    let skipped = manifest["skipped"]["count"].as_u64().unwrap();
    let count = manifest["count"].as_u64().unwrap();
    assert_eq!(skipped + count, 13 + 3, "{told}");
    assert!(skipped >= broken.len() as u64 && count >= 3, "{manifest}");
    assert_eq!(json(&["data", "inspect", "--json", &out])["skipped"], skipped);
}

/// Many sketches in one file, so that an import takes a while.
fn many(folder: &Path) -> PathBuf {
    let mut lines = String::new();
    let file = fs::File::open(shipped("data/quickdraw-20/train.ndjson.gz")).unwrap();
    std::io::Read::read_to_string(&mut GzDecoder::new(file), &mut lines).unwrap();
    let path = folder.join("many.ndjson");
    fs::write(&path, lines.repeat(30)).unwrap();
    path
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.file_name().unwrap().into(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_killed_import_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let source = text(&many(folder.path()));
    let whole = folder.path().join("whole");
    ok(&["data", "import", &source, "-o", &text(&whole)]);

    let killed = folder.path().join("killed");
    let mut stopped = 0;
    for shard in ["00000.shard", "00003.shard", "00008.shard"] {
        let mut import = Command::new(env!("CARGO_BIN_EXE_dabnet"))
            .args(["data", "import", &source, "-o", &text(&killed)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !killed.join(shard).exists() && import.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // On Unix this is SIGKILL.
        import.kill().unwrap();
        import.wait().unwrap();
        stopped += u32::from(!killed.join("manifest.json").exists());
    }
    assert!(stopped > 0, "no import was stopped before its end");
    // What is there is not taken for a whole data set, nor for one of something else.
    let started = refused(&["data", "split", &text(&killed), "--test", "1"]);
    assert!(killed.join("manifest.json").exists() || started.contains("was stopped"), "{started}");
    let other = ["data", "import", &text(&shipped("data/examples")), "-o", &text(&killed)].map(str::to_owned);
    assert_one_clear_line(&dabnet(&other), 2, &["was imported from", "'examples'"]);

    ok(&["data", "import", &source, "-o", &text(&killed)]);
    assert!(files(&whole) == files(&killed), "the bytes differ");
}

fn refused(arguments: &[&str]) -> String {
    stderr(&dabnet(arguments))
}

#[test]
fn what_cannot_be_imported() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("out"));
    assert_one_clear_line(&dabnet(&["data", "import", "no-such-file", "-o", &out]), 2, &["no-such-file"]);
    let readme = text(&shipped("README.md"));
    assert_one_clear_line(
        &dabnet(&["data", "import", &readme, "-o", &out]),
        2,
        &["README.md", "no sketch to read", "in no known format"],
    );
    let file = text(&folder.path().join("file"));
    fs::write(&file, "here").unwrap();
    let butterfly = text(&shipped("data/examples/butterfly.png"));
    assert_one_clear_line(&dabnet(&["data", "import", &butterfly, "-o", &file]), 2, &[&file]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "here");
    assert!(!Path::new(&out).exists());
    assert_one_clear_line(&dabnet(&["data", "inspect", "no-such-file"]), 2, &["no-such-file"]);
}
