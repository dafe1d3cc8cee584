//! What must hold of sketches, wherever they come from.

use std::{fs, path::Path};

use dabnet_graph::Canvas;
use dabnet_data::{Dataset, DatasetImport, DatasetInspection};
use dabnet_sketch::{Drawing, Sketch, rasterize, read_bytes, read_file};
use tempfile::TempDir;

const CANVAS: Canvas = Canvas { side: 64, line_width: 0.03, margin: 0.03, mean: 0.0, std: 1.0 };
/// The most sketches of a file that are looked at, and the most pixels that are drawn.
const SKETCHES: usize = 64;
const PIXELS: usize = 1 << 20;
/// One file of so many that can be read is imported, too: that takes longer than all else.
const IMPORTED: u32 = 4;

/// Reads a file of this name: errors, or sketches that can be drawn and kept.
///
/// # Panics
/// If a sketch is not read back from an imported data set as it was imported.
pub fn check_file(name: &str, bytes: &[u8]) {
    let Ok(sketches) = read_bytes(name, bytes) else { return };
    let sketches: Vec<Sketch> = sketches.take(SKETCHES).flatten().collect();
    sketches.iter().for_each(check_drawing);
    if !sketches.is_empty() && crc32fast::hash(bytes).is_multiple_of(IMPORTED) {
        check_folder(&[(name, bytes)]);
    }
}

/// Writes files into a folder, imports it, and compares what is imported with what each file gives.
///
/// # Panics
/// If it is not the same.
pub fn check_folder(files: &[(&str, &[u8])]) {
    let folder = TempDir::new().expect("a folder");
    let source = folder.path().join("source");
    for (name, bytes) in files {
        fs::create_dir_all(&source).expect("a folder");
        fs::write(source.join(name), bytes).expect("a file");
    }
    let mut names: Vec<_> = files.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let read = names.iter().filter_map(|name| read_file(source.join(name)).ok());
    let read: Vec<Sketch> = read.flatten().take(SKETCHES).flatten().filter(has_short_word).collect();
    read.iter().for_each(check_drawing);
    let imported = import(&source, folder.path());
    assert!(imported.len() >= read.len(), "{} of {} sketches", imported.len(), read.len());
    for (read, imported) in read.into_iter().zip(imported) {
        assert!(read.word.is_none() || read.word == imported.word, "another word");
        assert_eq!(kept(read.drawing), imported.drawing);
    }
}

/// Imports an archive, and what is in it as a folder.
pub fn check_archive(bytes: &[u8]) {
    let folder = TempDir::new().expect("a folder");
    let archive = folder.path().join("source.zip");
    fs::write(&archive, bytes).expect("a file");
    import(&archive, folder.path()).iter().for_each(check_drawing);
    let Some(members) = crate::archive::members(bytes) else { return };
    let source = folder.path().join("source");
    for (name, bytes) in members {
        let simple = |part: &str| !part.is_empty() && part.len() < 200 && part != "." && part != "..";
        let path = source.join(&name);
        if name.contains(['\\', '\0']) || !name.split('/').all(simple) || path.exists() {
            continue;
        }
        // A file where a folder should be is no fault of anyone's.
        let _ = path.parent().map(fs::create_dir_all).and_then(|_| fs::write(path, bytes).ok());
    }
    if source.is_dir() {
        import(&source, folder.path()).iter().for_each(check_drawing);
    }
}

/// Opens a data set and reads everything in it.
pub fn check_data_set(parts: &crate::Parts) {
    let folder = TempDir::new().expect("a folder");
    for (name, bytes) in parts.files() {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    let Ok(data) = Dataset::open(folder.path()) else { return };
    let Ok(parts) = data.parts() else { return };
    assert_eq!(parts.len(), data.len());
    let _ = DatasetInspection::of(&data);
    for index in 0..data.len().min(SKETCHES) {
        let label = data.label(index).expect("what has a part has a label");
        assert!(label.is_none_or(|label| label < data.labels().len()));
        if let Ok(sketch) = data.sketch(index) {
            assert!(!data.content(index).expect("what is read has bytes").is_empty());
            check_drawing(&sketch);
        }
    }
}

fn import(source: &Path, folder: &Path) -> Vec<Sketch> {
    let out = TempDir::new_in(folder).expect("a folder");
    let import = DatasetImport::default().with_sources(vec![source.to_owned()]).with_max_side(0).with_threads(1);
    let Ok(manifest) = import.run(out.path(), |_, _| ()) else { return Vec::new() };
    let data = Dataset::open(out.path()).expect("what was imported can be opened");
    assert_eq!(data.manifest(), &manifest);
    assert_eq!(data.parts().expect("a shard").len(), data.len());
    (0..data.len().min(SKETCHES)).map(|index| data.sketch(index).expect("what was imported")).collect()
}

fn check_drawing(sketch: &Sketch) {
    let pixels = match &sketch.drawing {
        Drawing::Strokes(_) => 0,
        Drawing::Raster(raster) => raster.width() * raster.height(),
        Drawing::Picture(picture) => picture.width() * picture.height(),
    };
    if pixels <= PIXELS {
        assert_eq!(rasterize(&sketch.drawing, &CANVAS).len(), CANVAS.side * CANVAS.side);
    }
}

fn has_short_word(sketch: &Sketch) -> bool {
    sketch.word.as_ref().is_none_or(|word| word.len() <= 255)
}

/// A drawing as a data set keeps it: with times only where all of it has them.
fn kept(drawing: Drawing) -> Drawing {
    let Drawing::Strokes(mut strokes) = drawing else { return drawing };
    if !strokes.iter().all(|stroke| stroke.times.len() == stroke.points.len()) {
        strokes.iter_mut().for_each(|stroke| stroke.times.clear());
    }
    Drawing::Strokes(strokes)
}
