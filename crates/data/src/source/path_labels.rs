//! Labels, parts and ids of sketches from the names of files and folders.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::Part;

/// Word, part and id that a file's path gives the sketches in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PathLabels {
    pub word: Option<String>,
    pub part: Option<Part>,
    pub id: Option<String>,
}

/// Files of one sketch each, which lie in the folder of their class.
const SINGLE: [&str; 7] = ["png", "jpg", "jpeg", "webp", "svg", "gif", "bmp"];
/// Files of strokes, which say what they show themselves, or lie in the folder of their class.
const STROKES: [&str; 4] = ["json", "excalidraw", "excalidrawlib", "tldr"];
/// Files of many sketches, all of one class, which they are named for.
const CLASS: [&str; 2] = ["npy", "bin"];
/// Prefixes of Google's names of such files.
const PREFIXES: [&str; 4] = ["full_numpy_bitmap_", "full_binary_", "full_simplified_", "full_raw_"];

/// Files of a folder that say under what terms the rest of it is.
pub(crate) const LICENCES: [&str; 6] =
    ["LICENCE", "LICENCE.txt", "LICENCE.md", "LICENSE", "LICENSE.txt", "LICENSE.md"];

/// True if a file is only read together with another: labels of images in IDX, names of CIFAR's classes, a licence.
pub(super) fn is_read_with_others(name: &str) -> bool {
    let file = file_of(name);
    file.contains("labels-idx1-ubyte")
        || file.contains("labels.idx1-ubyte")
        || LICENCES.contains(&file)
        || ["batches.meta.txt", "fine_label_names.txt", "coarse_label_names.txt"].contains(&file)
}

/// True if a file is named as one that holds sketches, so that it is broken if it does not.
pub(super) fn is_of_sketches(name: &str) -> bool {
    let name = file_of(name);
    let extension = extension(name.strip_suffix(".gz").unwrap_or(name));
    [&SINGLE[..], &CLASS, &STROKES[1..], &["ndjson", "idx3-ubyte"]].concat().contains(&extension.as_str())
}

/// Reads labels from each of these paths.
pub(super) fn path_labels(names: &[&str]) -> Vec<PathLabels> {
    let parts = SiblingFiles::new(names);
    names.iter().map(|name| label(name, &parts)).collect()
}

fn label(name: &str, siblings: &SiblingFiles<'_>) -> PathLabels {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let folders: Vec<&str> = folders.split('/').filter(|folder| !folder.is_empty()).collect();
    let stem = stem_of(file);
    let extension = extension(file.strip_suffix(".gz").unwrap_or(file));
    let is_single = SINGLE.contains(&extension.as_str());
    if is_single || STROKES.contains(&extension.as_str()) {
        // The first folder is the source itself, which no class is named for.
        let (class, above) =
            folders.split_last().filter(|_| folders.len() > 1).unwrap_or((&"", &folders[..]));
        let word = (!class.is_empty()).then(|| (*class).to_owned());
        return PathLabels { word, part: part_of_folders(above), id: is_single.then(|| stem.to_owned()) };
    }
    let is_part = siblings.are_parts(name);
    let own = Part::of_name(stem).or(is_cifar_batch(name).then_some(Part::Train)).filter(|_| is_part);
    let part = own.or_else(|| part_of_folders(&folders));
    let named_for_class = CLASS.contains(&extension.as_str()) && own.is_none();
    // sketch-rnn's files have the parts of a class.
    let around = folders.last().and_then(|folder| folder.strip_suffix(".npz")).filter(|_| own.is_some());
    if let Some(around) = around {
        return PathLabels { word: Some(class(around)), part, id: None };
    }
    PathLabels { word: named_for_class.then(|| class(stem)), part, id: None }
}

/// The class that a file is named for: as a browser saves it, percent-encoded with the folders before it or as a
/// copy, or with underscores for spaces.
fn class(stem: &str) -> String {
    let stem = percent_decode_str(stem).decode_utf8_lossy();
    let stem = stem.rsplit('/').next().unwrap_or(&stem);
    let stem = PREFIXES.iter().find_map(|prefix| stem.strip_prefix(prefix)).unwrap_or(stem);
    let copy = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once(" ("));
    let copy =
        copy.filter(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    copy.map_or(stem, |(original, _)| original).replace('_', " ")
}

/// The part that the innermost of these folders is named for. An archive counts as a folder.
fn part_of_folders(folders: &[&str]) -> Option<Part> {
    let whole = |folder: &&str| {
        let name = folder.strip_suffix(".zip").unwrap_or(folder);
        Part::of_name(name)
    };
    folders.iter().rev().find_map(whole)
}

/// Files that lie together.
///
/// A file `train` holds what is to be trained on, if it lies beside `test`; beside `airplane` and `tree` it
/// holds trains.
struct SiblingFiles<'a> {
    /// For each folder and extension, how many files there are and how many are named for a part.
    counts: HashMap<(&'a str, String), (usize, usize)>,
}

impl<'a> SiblingFiles<'a> {
    fn new(names: &[&'a str]) -> Self {
        let mut counts: HashMap<_, (usize, usize)> = HashMap::new();
        for name in names {
            let (all, parts) = counts.entry(Self::key(name)).or_default();
            *all += 1;
            *parts += usize::from(Part::of_name(stem_of(file_of(name))).is_some() || is_cifar_batch(name));
        }
        Self { counts }
    }

    fn key(name: &str) -> (&str, String) {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        (folder, extension(file.strip_suffix(".gz").unwrap_or(file)))
    }

    /// True if all files beside one, and with it, are named for parts. Alone, only one that says itself
    /// what its sketches show is.
    fn are_parts(&self, name: &str) -> bool {
        let (folder, extension) = Self::key(name);
        let alone_is_class = CLASS.contains(&extension.as_str()) && !is_cifar_batch(name);
        let (all, parts) = self.counts.get(&(folder, extension)).copied().unwrap_or_default();
        all == parts && (all > 1 || !alone_is_class)
    }
}

/// CIFAR-10's `data_batch_1` is of those to train on.
fn is_cifar_batch(name: &str) -> bool {
    file_of(name).starts_with("data_batch_")
}

fn file_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A file's name without its extension, and without that of its compression.
fn stem_of(file: &str) -> &str {
    let file = file.strip_suffix(".gz").unwrap_or(file);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

fn extension(file: &str) -> String {
    file.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(names: &[&str]) -> Vec<(Option<String>, Option<Part>)> {
        path_labels(names).into_iter().map(|labels| (labels.word, labels.part)).collect()
    }

    fn word(word: &str) -> Option<String> {
        Some(word.to_owned())
    }

    #[test]
    fn images_are_what_their_folder_is_called() {
        let names = [
            "a/png/alarm clock/1.png",
            "a/png/train/2.png",
            "a/train.zip/png/mouse (animal)/3.svg",
            "a/test/cat/4.JPG",
            "a/5.png",
            "6.webp",
        ];
        let expected = [
            (word("alarm clock"), None),
            (word("train"), None),
            (word("mouse (animal)"), Some(Part::Train)),
            (word("cat"), Some(Part::Test)),
            (None, None),
            (None, None),
        ];
        assert_eq!(says(&names), expected);
    }

    #[test]
    fn a_train_among_airplanes_is_a_train() {
        let some = Some;
        assert_eq!(
            says(&["q/train.ndjson.gz", "q/test.ndjson.gz"]),
            [(None, some(Part::Train)), (None, some(Part::Test))]
        );
        assert_eq!(
            says(&["q/airplane.npy", "q/train.npy"]),
            [(word("airplane"), None), (word("train"), None)]
        );
        assert_eq!(says(&["q/train.npy"]), [(word("train"), None)]);
        assert_eq!(
            says(&["q/train.npy", "q/test.npy"]),
            [(None, some(Part::Train)), (None, some(Part::Test))]
        );
        assert_eq!(says(&["q/cat.ndjson", "q/train.ndjson"]), [(None, None), (None, None)]);
        assert_eq!(says(&["q/full_numpy_bitmap_The Eiffel Tower.npy"]), [(word("The Eiffel Tower"), None)]);
    }

    #[test]
    fn a_class_is_one_however_its_file_was_saved() {
        for name in [
            "alarm clock",
            "alarm_clock",
            "alarm%20clock",
            "alarm clock (1)",
            "full_numpy_bitmap_alarm clock",
            "full%2Fnumpy_bitmap%2Falarm%20clock",
        ] {
            assert_eq!(says(&[&format!("q/{name}.npy")]), [(word("alarm clock"), None)], "{name}");
        }
        assert_eq!(says(&["q/mouse (animal).npy"]), [(word("mouse (animal)"), None)]);
    }

    #[test]
    fn data_sets_of_general_networks() {
        let cifar = ["c/data_batch_1.bin", "c/data_batch_2.bin", "c/test_batch.bin"];
        assert_eq!(
            says(&cifar),
            [(None, Some(Part::Train)), (None, Some(Part::Train)), (None, Some(Part::Test))]
        );
        let names = ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"];
        assert_eq!(says(&names), [(None, Some(Part::Train)), (None, Some(Part::Test))]);
        assert!(is_read_with_others("x/train-labels-idx1-ubyte.gz") && !is_read_with_others(names[0]));
    }
}
