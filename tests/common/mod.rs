//! Running the built program.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::read::GzDecoder;

pub(crate) mod labeller;
pub(crate) mod server;

/// A file that the project ships.
pub(crate) fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Some sketches of every word that the project ships, to train on and to test on, in a folder in `folder`.
pub(crate) fn few(folder: &Path) -> String {
    let data = folder.join("few");
    fs::create_dir_all(&data).unwrap();
    for (part, step) in [("train", 11), ("test", 6)] {
        let file = fs::File::open(shipped(&format!("data/quickdraw-20/{part}.ndjson.gz"))).unwrap();
        let mut out = fs::File::create(data.join(format!("{part}.ndjson"))).unwrap();
        for line in BufReader::new(GzDecoder::new(file)).lines().step_by(step) {
            writeln!(out, "{}", line.unwrap()).unwrap();
        }
    }
    data.to_str().unwrap().to_owned()
}

/// Sketches to measure with: `DABNET_TEST_SKETCHES`, for figures that the documentation states, or `few` for a test.
pub(crate) fn sample_size(few: usize) -> usize {
    env::var("DABNET_TEST_SKETCHES").map_or(few, |count| count.parse().expect("a number of sketches"))
}

/// Runs `dabnet` to its end.
pub(crate) fn dabnet<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .args(arguments)
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("the program starts")
}

/// What it printed to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is text")
}

/// What it printed to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("output is text")
}

/// What it printed to standard output, having succeeded.
pub(crate) fn ok(arguments: &[&str]) -> String {
    let output = dabnet(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

/// Asserts that the program failed with `code` and one line that holds every one of `parts`.
pub(crate) fn assert_one_clear_line(output: &Output, code: i32, parts: &[&str]) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}
