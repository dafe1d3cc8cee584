//! Importing: every kind of source, what becomes of broken ones, and that nothing else matters.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use crate::common::example;
use dabnet_data::{ClassMap, DataError, Dataset, DatasetImport, MANIFEST, Manifest, Part};
use dabnet_sketch::{Drawing, read_file};
use image::{GrayImage, ImageFormat, Luma};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A picture of a line, different for each `at`.
fn png(at: u32) -> Vec<u8> {
    let ink = |x, y| Luma([if x == at % 32 || y == at / 32 { 0 } else { 255 }]);
    let mut bytes = Cursor::new(Vec::new());
    GrayImage::from_fn(32, 32, ink).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn archive(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

struct Imported {
    folder: TempDir,
    manifest: Manifest,
    told: Vec<String>,
}

impl Imported {
    fn of(import: &DatasetImport) -> Result<Self, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let mut told = Vec::new();
        let manifest =
            import.run(folder.path(), |_, error| told.extend(error.map(|notice| notice.to_string())))?;
        Ok(Self { folder, manifest, told })
    }

    fn from(source: &Path) -> Self {
        Self::of(&import(source)).unwrap()
    }

    fn data(&self) -> Dataset {
        Dataset::open(self.folder.path()).unwrap()
    }

    /// Words and parts, in order.
    fn says(&self) -> Vec<(Option<String>, Option<Part>)> {
        let data = self.data();
        (0..data.len()).map(|at| (data.sketch(at).unwrap().word, data.given_part(at).unwrap())).collect()
    }

    fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<PathBuf> =
            self.folder.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).map(named).collect()
    }
}

fn named((path, bytes): (String, Vec<u8>)) -> (String, Vec<u8>) {
    (path.rsplit('/').next().unwrap().to_owned(), bytes)
}

fn import(source: &Path) -> DatasetImport {
    DatasetImport::default().with_sources(vec![source.to_owned()])
}

fn word(word: &str, part: Option<Part>) -> (Option<String>, Option<Part>) {
    (Some(word.to_owned()), part)
}

#[test]
fn some_classes_under_other_words() {
    let source = tempfile::tempdir().unwrap();
    for (at, class) in ["car (sedan)", "race car", "cat", "dog"].iter().enumerate() {
        put(source.path(), &format!("png/{class}/{at}.png"), &png(at as u32));
    }
    put(source.path(), "alone.png", &png(9));
    let classes = "# cars and cats\ncar (sedan) = car\n\nrace car=car\ncat\nfox\n";
    let some = import(source.path()).with_classes(Some(classes.parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let manifest = some.run(folder.path(), |_, _| ()).unwrap();
    assert_eq!(manifest.words, [("car".to_owned(), 2), ("cat".to_owned(), 1)]);
    assert_eq!((manifest.count, manifest.skipped.other_classes), (3, 2));
    // Other classes make another data set.
    let others = import(source.path()).with_classes(Some("dog".parse().unwrap()));
    assert!(others.run(folder.path(), |_, _| ()).is_err());
    let nothing = import(source.path()).with_classes(Some("fox".parse().unwrap()));
    let error = nothing.run(tempfile::tempdir().unwrap().path(), |_, _| ()).unwrap_err().to_string();
    assert!(error.contains("other classes"), "{error}");
}

#[test]
fn lists_of_classes_that_say_nothing_are_refused() {
    for (text, line, reason) in [
        ("", 1, "no class"),
        ("# nothing\n", 1, "no class"),
        ("cat\n = dog", 2, "'='"),
        ("cat =", 1, "'='"),
        ("cat\ncat = dog", 2, "already"),
    ] {
        let error = text.parse::<ClassMap>().unwrap_err().to_string();
        assert!(error.contains(&format!("line {line} ")) && error.contains(reason), "{text:?}: {error}");
    }
}

#[test]
fn folders_of_classes_and_archives_in_them() {
    let source = tempfile::tempdir().unwrap();
    put(source.path(), "png/alarm clock/1.png", &png(1));
    put(source.path(), "png/mouse (animal)/2.png", &png(2));
    put(source.path(), "png/README.txt", b"not a sketch");
    put(source.path(), "png/.hidden/3.png", &png(3));
    archive(
        &source.path().join("test.zip"),
        &[("png/train/5.png", &png(5)), ("png/cat/4.png", &png(4)), ("filelist.txt", b"png/cat/4.png\n")],
    );
    let imported = Imported::from(source.path());
    let test = Some(Part::Test);
    let expected =
        [word("alarm clock", None), word("mouse (animal)", None), word("cat", test), word("train", test)];
    assert_eq!(imported.says(), expected);
    assert_eq!(imported.manifest.skipped.count, 0);
    assert_eq!(imported.manifest.skipped.ignored.get("txt"), Some(&2));
    let data = imported.data();
    assert_eq!(data.labels(), ["alarm clock", "cat", "mouse (animal)", "train"]);
    assert_eq!(data.sketch(0).unwrap().id.as_deref(), Some("1"));
    assert_eq!(data.indices(Part::Test).unwrap(), [2, 3]);
}

#[test]
fn every_vector_format_of_one_sketch_is_the_same_drawing() {
    let source = tempfile::tempdir().unwrap();
    let sketches = read_file(example("quickdraw.ndjson")).unwrap().map(Result::unwrap);
    let cat = sketches.into_iter().next().unwrap();
    let Drawing::Strokes(strokes) = &cat.drawing else { panic!("strokes") };
    let lines = strokes.iter().map(|stroke| {
        let points: Vec<String> = stroke.points.iter().map(|[x, y]| format!("{x},{y}")).collect();
        format!("<polyline fill='none' stroke='black' points='{}'/>", points.join(" "))
    });
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 256 256'>{}</svg>",
        lines.collect::<String>()
    );
    put(source.path(), "cat/a.svg", svg.as_bytes());
    put(source.path(), "cat.ndjson", &fs::read(example("quickdraw.ndjson")).unwrap());
    let imported = Imported::from(source.path());
    let data = imported.data();
    assert_eq!(data.content(0).unwrap(), data.content(1).unwrap());
    assert_eq!(data.sketch(0).unwrap().drawing, cat.drawing);
}

#[test]
fn sketchy_needs_one_of_its_renderings() {
    let source = tempfile::tempdir().unwrap();
    for (at, name) in
        ["sketch/tx_000000000000", "sketch/tx_000100000000", "photo/tx_000000000000"].iter().enumerate()
    {
        put(source.path(), &format!("256x256/{name}/airplane/n02691156_10151-1.png"), &png(at as u32));
    }
    let error = Imported::of(&import(source.path())).err().unwrap();
    assert!(error.to_string().ends_with("(--rendering): tx_000000000000, tx_000100000000"), "{error}");
    let rendering = |name: &str| import(source.path()).with_rendering(Some(name.to_owned()));
    assert!(matches!(Imported::of(&rendering("tx_9")), Err(DataError::Rendering { .. })));
    let imported = Imported::of(&rendering("tx_000100000000")).unwrap();
    assert_eq!(imported.says(), [word("airplane", None)]);
    assert_eq!(imported.data().sketch(0).unwrap().id.as_deref(), Some("n02691156_10151-1"));
}

#[test]
fn the_broken_is_told_of_and_the_rest_is_there() {
    let source = tempfile::tempdir().unwrap();
    put(source.path(), "cat/1.png", &png(1));
    put(source.path(), "cat/2.png", &png(2)[..60]);
    put(source.path(), "cat/3.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    put(source.path(), "cat/4.png", b"");
    put(
        source.path(),
        "dog.ndjson",
        b"{\"word\":\"dog\",\"drawing\":[[[1],[2]]]}\n{\"drawing\":[]}\n{\"drawing\":[]}\n",
    );
    put(source.path(), "broken.zip", b"PK\x03\x04 and no more");
    archive(&source.path().join("out.zip"), &[("../../etc/cat/5.png", &png(5)), ("cat/6.png", &png(6))]);
    let imported = Imported::from(source.path());
    assert_eq!(imported.says(), [word("cat", None), word("dog", None), word("cat", None)]);
    let skipped = &imported.manifest.skipped;
    assert_eq!(skipped.count, 7, "{skipped:?}");
    assert_eq!(skipped.reasons.get("the drawing has no strokes"), Some(&2));
    let expected = [
        "cat/2.png",
        "cat/3.svg",
        "cat/4.png",
        "dog.ndjson', line 2",
        "line 3",
        "broken.zip",
        "etc/cat/5.png",
    ];
    for part in expected {
        assert_eq!(
            skipped.first.iter().filter(|message| message.contains(part)).count(),
            1,
            "{part}: {skipped:?}"
        );
    }
    assert!(imported.told.iter().all(|message| skipped.first.contains(message)));
}

#[test]
fn one_word_is_one_class_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (at, class) in (0..).zip(["cafe\u{301}", "caf\u{e9}", "caf\u{e9} ", "dog"]) {
        put(folder.path(), &format!("s/{class}/{at}.png"), &png(at));
    }
    let imported = Imported::from(&folder.path().join("s"));
    let words: Vec<&str> = imported.manifest.words.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(words, ["caf\u{e9}", "dog"]);
    let mut told = imported.told;
    told.sort();
    assert_eq!(told, ["\"cafe\\u{301}\" is the word 'caf\u{e9}'", "\"caf\u{e9} \" is the word 'caf\u{e9}'"]);
}

#[test]
fn what_a_picture_shows_and_a_sketch_has_not_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let svg =
        b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0L9 9' stroke='red'/><text>a</text></svg>";
    put(folder.path(), "s/cat/1.svg", svg);
    assert_eq!(Imported::from(&folder.path().join("s")).told, ["'s/cat/1.svg': its text is left out"]);
}

#[test]
fn members_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.zip");
    archive(&path, &[("s/cat/1.png", &png(1)), ("s/cat/2.png", &png(2))]);
    let whole = fs::read(&path).unwrap();
    // The method is in a member's own head and in the list at the end.
    for (method, told) in [(12_u8, "bzip2"), (14, "LZMA"), (93, "Zstandard")] {
        let mut bytes = whole.clone();
        bytes[8] = method;
        let list = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        bytes[list + 10] = method;
        fs::write(&path, bytes).unwrap();
        let imported = Imported::from(&path);
        assert_eq!(imported.manifest.count, 1);
        assert!(imported.told[0].contains(told) && imported.told[0].contains("1.png"), "{:?}", imported.told);
    }
}

#[test]
fn threads_change_nothing() {
    let source = example("").parent().unwrap().to_owned();
    let with = |threads| Imported::of(&import(&source).with_threads(threads)).unwrap().bytes();
    assert_eq!(with(1), with(5));
}

#[test]
fn rasters_are_reduced_or_traced_where_that_is_wanted() {
    let drawing = |import: DatasetImport| Imported::of(&import).unwrap().data().sketch(0).unwrap().drawing;
    let butterfly = import(&example("butterfly.png"));
    let side = |drawing: Drawing| match drawing {
        Drawing::Raster(raster) => raster.width().max(raster.height()),
        _ => panic!("a raster"),
    };
    assert_eq!(side(drawing(butterfly.clone())), 256);
    assert_eq!(side(drawing(butterfly.clone().with_max_side(100))), 100);
    let Drawing::Strokes(strokes) = drawing(butterfly.with_trace(true)) else { panic!("strokes") };
    assert!(strokes.len() > 10);
}

#[test]
fn a_folder_is_only_filled_if_it_is_empty_or_of_this_import() {
    let out = tempfile::tempdir().unwrap();
    let run = |source: &str, folder: &Path| import(&example(source)).run(folder, |_, _| {});
    let first = run("quickdraw.ndjson", out.path()).unwrap();
    assert_eq!(run("quickdraw.ndjson", out.path()).unwrap(), first);
    assert!(matches!(run("butterfly.png", out.path()), Err(DataError::OtherImport { .. })));
    assert_eq!(Dataset::open(out.path()).unwrap().len(), 3);
    // In what another import differs is said.
    let plain = import(&example("quickdraw.ndjson"));
    let licensed = plain.clone().with_licence(Some("CC0".to_owned()));
    let traced = plain.clone().with_trace(true);
    let small = |max_side| plain.clone().with_max_side(max_side);
    let pairs = [
        (&plain, &licensed, "without --licence"),
        (&licensed, &plain, "with --licence:"),
        (&plain, &traced, "without --trace"),
        (&small(9), &small(8), "with --max-side '9', not '8'"),
    ];
    for (one, other, expected) in pairs {
        let folder = tempfile::tempdir().unwrap();
        one.run(folder.path(), |_, _| {}).unwrap();
        let error = other.run(folder.path(), |_, _| {}).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    let other = tempfile::tempdir().unwrap();
    put(other.path(), "letter.txt", b"dear");
    assert!(matches!(run("butterfly.png", other.path()), Err(DataError::Occupied { .. })));
    assert_eq!(other.path().read_dir().unwrap().count(), 1);

    // Nothing that could be read: nothing is left behind.
    let none = tempfile::tempdir().unwrap();
    put(none.path(), "in/letter.txt", b"dear");
    let failed = import(&none.path().join("in")).run(&none.path().join("out"), |_, _| {});
    assert!(matches!(failed, Err(DataError::Nothing { .. })));
    assert!(!none.path().join("out").exists());
}

#[test]
fn damage_is_noticed_when_it_is_met() {
    let imported = Imported::from(&example("quickdraw.ndjson"));
    let shard = imported.folder.path().join("00000.shard");
    let good = fs::read(&shard).unwrap();
    let damage = |bytes: &[u8]| {
        fs::write(&shard, bytes).unwrap();
        imported.data().sketch(0).err().map(|error| error.to_string())
    };
    assert_eq!(damage(&good), None);
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let message = damage(&flipped).unwrap();
    assert!(message.contains("00000.shard: its checksum is wrong"), "{message}");
    assert!(damage(&good[..good.len() - 1]).unwrap().contains("bytes in place of"));
    fs::remove_file(&shard).unwrap();
    assert!(imported.data().sketch(0).unwrap_err().to_string().contains("00000.shard"));

    let manifest = imported.folder.path().join(MANIFEST);
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to) in
        [("dabnet-data", "other"), ("\"version\": 1", "\"version\": 2"), ("\"count\": 3", "\"count\": 4")]
    {
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        assert!(matches!(Dataset::open(imported.folder.path()), Err(DataError::Damaged { .. })), "{to}");
    }
    fs::write(&manifest, text.replace("00000.shard", "../00000.shard")).unwrap();
    assert!(matches!(Dataset::open(imported.folder.path()), Err(DataError::Damaged { .. })));
    let none = tempfile::tempdir().unwrap();
    assert!(matches!(Dataset::open(none.path()), Err(DataError::NoDataSet { .. })));
}

#[test]
#[cfg(unix)]
fn links_to_folders_of_links_come_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = |at: usize| folder.path().join(at.to_string());
    for at in 0..30 {
        fs::create_dir(path(at)).unwrap();
        for name in ["a", "b"].into_iter().filter(|_| at > 0) {
            std::os::unix::fs::symlink(path(at - 1), path(at).join(name)).unwrap();
        }
    }
    put(&path(0), "line.png", &png(1));
    let imported = Imported::from(&path(29));
    let manifest = &imported.manifest;
    assert_eq!((manifest.count, manifest.skipped.count, imported.told.len()), (1, 29, 29));
}
