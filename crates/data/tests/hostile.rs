//! Imports of what is broken or hostile, and imports that are stopped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use crate::common::{example, only};
use dabnet_data::{DataError, DatasetImport, Manifest};
use tempfile::{TempDir, tempdir};
use zip::write::SimpleFileOptions;

const LINE: &str = r#"{"word":"cat","drawing":[[[1,2,3],[4,5,6]]]}"#;

/// Imports and gives what was told of.
fn import(source: &Path, out: &Path) -> (Result<Manifest, DataError>, Vec<String>) {
    let mut told = Vec::new();
    let import = DatasetImport::default().with_sources(vec![source.to_owned()]).with_threads(1);
    let manifest = import.run(out, |_, error| told.extend(error.map(|notice| notice.to_string())));
    (manifest, told)
}

/// A folder with one data set, `out`, of the bundled examples.
fn imported() -> TempDir {
    let folder = tempdir().unwrap();
    import(&example("quickdraw.ndjson"), &folder.path().join("out")).0.unwrap();
    folder
}

fn archive(members: &[(String, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_message_does_not_repeat_a_hostile_line() {
    let line = format!(r#"{{"word":"cat","drawing":"{}"}}"#, "é\\n".repeat(1 << 20));
    assert!(only(line.clone()).unwrap_err().to_string().len() < 1000);
    let folder = tempdir().unwrap();
    let source = folder.path().join("it.ndjson");
    fs::write(&source, format!("{line}\n{LINE}\n")).unwrap();
    let (manifest, told) = import(&source, &folder.path().join("out"));
    let skipped = manifest.unwrap().skipped;
    assert_eq!((skipped.count, told.len()), (1, 1));
    assert!(told[0].len() < 1000 && told[0].contains("line 1"), "{}", told[0].len());
    assert!(skipped.reasons.keys().chain(&skipped.first).all(|text| text.len() < 1000));
}

#[test]
fn one_broken_member_leaves_the_others() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("s.zip");
    let members = ["a/cat.ndjson", "a/dog.ndjson", "../out.ndjson"].map(|n| (n.to_owned(), LINE.as_bytes()));
    let mut bytes = archive(&members);
    let second = bytes.windows(4).enumerate().filter(|(_, four)| four == b"PK\x03\x04").nth(1).unwrap().0;
    bytes[second] = b'X';
    fs::write(&source, bytes).unwrap();
    let (manifest, told) = import(&source, &folder.path().join("out"));
    let manifest = manifest.unwrap();
    assert_eq!((manifest.count, manifest.skipped.count), (1, 2));
    assert!(told.iter().any(|told| told.contains("s.zip/a/dog.ndjson")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("leads out")), "{told:?}");
}

#[test]
fn an_archive_is_not_listed_again_for_each_file_with_another_beside_it() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("s.zip");
    let images = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2], &[0, 255][..]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 1, 7];
    let mut members = Vec::new();
    for at in 0..4000 {
        members.push((format!("a/{at}/train-images-idx3-ubyte"), &images[..]));
        if at % 2 == 0 {
            members.push((format!("a/{at}/train-labels-idx1-ubyte"), &labels[..]));
        }
    }
    fs::write(&source, archive(&members)).unwrap();
    let start = std::time::Instant::now();
    let manifest = import(&source, &folder.path().join("out")).0.unwrap();
    assert_eq!((manifest.count, &manifest.words[..]), (4000, &[("7".to_owned(), 2000)][..]));
    // It was minutes.
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn an_import_goes_on_after_its_first_shard() {
    let expected = imported();
    let folder = tempdir().unwrap();
    let out = folder.path().join("out");
    // The shard can be written, and the manifest cannot.
    let obstacle = out.join("manifest.part");
    fs::create_dir_all(&obstacle).unwrap();
    let error = import(&example("quickdraw.ndjson"), &out).0.unwrap_err();
    assert!(matches!(error, DataError::Write { .. }) && out.join("00000.shard").exists(), "{error}");
    fs::remove_dir(obstacle).unwrap();
    import(&example("quickdraw.ndjson"), &out).0.unwrap();
    let files = |folder: &Path| {
        let files = folder.read_dir().unwrap().map(|file| file.unwrap());
        files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(files(&out), files(&expected.path().join("out")));
}

#[test]
fn the_data_set_may_lie_in_its_source() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("it.ndjson"), LINE).unwrap();
    let out = folder.path().join("out");
    let manifest = import(folder.path(), &out).0.unwrap();
    assert_eq!(import(folder.path(), &out).0.unwrap(), manifest);
}

#[test]
#[cfg(unix)]
fn what_cannot_be_listed_is_told_of() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("it.ndjson"), LINE).unwrap();
    for (name, target) in [("nowhere.png", "nothing"), ("loop", "."), ("zero.png", "/dev/zero")] {
        std::os::unix::fs::symlink(target, source.join(name)).unwrap();
    }
    let (manifest, told) = import(&source, &folder.path().join("out"));
    assert_eq!((manifest.unwrap().skipped.count, told.len()), (3, 3));
    assert!(
        ["nowhere.png", "loop", "zero.png"].iter().all(|name| told.iter().any(|told| told.contains(name)))
    );
}

#[test]
fn nothing_is_said_to_be_in_no_known_format() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("notes.txt");
    fs::write(&source, "not a sketch").unwrap();
    let out = folder.path().join("some/where/out");
    let error = import(&source, &out).0.unwrap_err().to_string();
    assert!(error.contains("known format") && !folder.path().join("some").exists(), "{error}");
}

#[test]
fn what_is_called_as_the_lock_stays() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("import.lock");
    fs::write(&file, "mine").unwrap();
    let error = import(&example("quickdraw.ndjson"), folder.path()).0.unwrap_err();
    assert!(matches!(error, DataError::Occupied { .. }), "{error}");
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}
