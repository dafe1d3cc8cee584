use super::image::ImageFileFormat;
use super::offsets::NumberType;

/// The bytes of one sketch.
#[derive(Clone, Debug)]
pub struct SketchRecord {
    /// Position in its file: the line of an ndjson file, the number of the record elsewhere, both
    /// counted from 1.
    pub item: u64,
    pub(super) kind: RecordKind,
    pub(super) bytes: Vec<u8>,
    /// Word for what it shows, where that is not in its bytes.
    pub(super) word: Option<String>,
}

/// Format of a record's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum RecordKind {
    Image(ImageFileFormat),
    Svg,
    /// JSON in a line of its own.
    Line,
    /// JSON over as many lines as it likes.
    Object,
    /// A sketch cut from a scene.
    Scene,
    Drawing,
    /// Ink, a byte a pixel.
    Ink {
        width: usize,
        height: usize,
    },
    Cifar,
    /// Points from the one before.
    Offsets {
        number: NumberType,
        columns: usize,
    },
}

impl SketchRecord {
    /// Bytes that it takes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True if it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
