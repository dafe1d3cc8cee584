//! CIFAR-10 and CIFAR-100 in their binary form: color pictures of 32 × 32 behind their labels.
//!
//! Recognized by the names that the files are published under. See
//! <https://www.cs.toronto.edu/~kriz/cifar.html>.

use super::record;
use super::rows::{RowLabels, RowReader};
use super::{ByteSource, SiblingReader};
use crate::{RgbImage, SketchError};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;

/// CIFAR-10 or CIFAR-100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CifarVariant {
    /// One byte of label.
    Ten,
    /// Two bytes, of which the second is the label in full.
    Hundred,
}

impl CifarVariant {
    pub(crate) fn recognize(name: &str) -> Option<Self> {
        let file = name.rsplit(['/', '\\']).next()?;
        let file = file.strip_suffix(".gz").unwrap_or(file);
        match file {
            "test_batch.bin" => Some(Self::Ten),
            "train.bin" | "test.bin" => Some(Self::Hundred),
            _ if file.starts_with("data_batch_") && file.ends_with(".bin") => Some(Self::Ten),
            _ => None,
        }
    }

    fn names_file(self) -> &'static str {
        match self {
            Self::Ten => "batches.meta.txt",
            Self::Hundred => "fine_label_names.txt",
        }
    }

    fn label_bytes(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }
}

/// The pictures of a file. Their words come from the file of names beside it; without that they are
/// numbers.
pub(super) fn rows<'a>(
    kind: CifarVariant,
    source: ByteSource<'a>,
    beside: SiblingReader<'_>,
) -> RowReader<'a> {
    let text = beside(kind.names_file()).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let names = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    RowReader::new(source, record::RecordKind::Cifar, 3 * PLANE)
        .labeled(kind.label_bytes(), RowLabels { of_records: None, names })
}

/// The picture in a record: all red first, then all green, then all blue.
pub(super) fn picture(planes: &[u8]) -> Result<RgbImage, SketchError> {
    let rgb = (0..PLANE).flat_map(|pixel| [0, 1, 2].map(|plane| planes.get(plane * PLANE + pixel).copied()));
    RgbImage::new(SIDE, SIDE, rgb.flatten().collect())
}
