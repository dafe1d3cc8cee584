use std::io;

use thiserror::Error;

/// Errors between a file and a canvas.
///
/// `name` is the path of the file, or what the caller gave in its place.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SketchError {
    /// A file that is not there or may not be read.
    #[error("cannot open '{name}': {source}")]
    Open {
        /// The file.
        name: String,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A folder in place of a file.
    #[error("'{name}' is a folder: name a sketch file in it")]
    Folder {
        /// The folder.
        name: String,
    },
    /// A file that could not be read to its end.
    #[error("cannot read '{name}': {source}")]
    Read {
        /// The file.
        name: String,
        /// Error of the operating system or the decompressor.
        source: io::Error,
    },
    /// A file of no bytes, or of nothing but white space.
    #[error("'{name}' is empty: give a picture, an SVG file or strokes")]
    Empty {
        /// The file.
        name: String,
    },
    /// A file in none of the known formats.
    #[error(
        "'{name}' is in no known format: give a PNG, JPEG, WebP, GIF, BMP or SVG file, or strokes as {{\"strokes\": [[[x, y], ...], ...]}} or as Quick, Draw! has them; `dabnet data import --help` says what else is read"
    )]
    Format {
        /// The file.
        name: String,
    },
    /// A file larger than its format is read up to.
    #[error("'{name}' is larger than the {limit} bytes that a sketch in this format may have")]
    TooLarge {
        /// The file.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// A line of an ndjson file that holds no sketch; the lines after it can still be read.
    #[error("'{name}', line {line}: {reason}")]
    Line {
        /// The file.
        name: String,
        /// Its line, counted from 1.
        line: u64,
        /// Reason.
        reason: String,
    },
    /// An SVG file that holds no sketch.
    #[error("'{name}' as SVG: {reason}")]
    Svg {
        /// The file.
        name: String,
        /// Reason.
        reason: String,
    },
    /// A record of a file of many that holds no sketch.
    #[error("'{name}', record {item}: {reason}")]
    Item {
        /// The file.
        name: String,
        /// Its record, counted from 1.
        item: u64,
        /// Reason.
        reason: String,
    },
    /// A file of many records whose header makes no sense.
    #[error("'{name}' holds no sketches: {reason}")]
    Header {
        /// The file.
        name: String,
        /// Reason.
        reason: String,
    },
    /// A picture's file that holds no sketch.
    #[error("'{name}' as {format}: {reason}")]
    Image {
        /// The file.
        name: String,
        /// `PNG`, `JPEG` or `WebP`.
        format: &'static str,
        /// Reason.
        reason: String,
    },
    /// A raster whose size and number of pixels do not agree.
    #[error("a raster of {width}×{height} has no place for {pixels} pixels: give width × height of them")]
    Raster {
        /// Width asked for.
        width: usize,
        /// Height asked for.
        height: usize,
        /// Pixels given.
        pixels: usize,
    },
    /// An amount of [`Augmentation`](crate::Augmentation) that no sketch can be varied by.
    #[error("augment.{field} is {value}: it must be from {least} to {most}")]
    Augmentation {
        /// The amount.
        field: &'static str,
        /// Given value.
        value: f32,
        /// The least that it may be.
        least: f32,
        /// The most.
        most: f32,
    },
}

impl SketchError {
    /// Returns the reason without the place.
    pub fn reason(&self) -> String {
        match self {
            Self::Open { source, .. } | Self::Read { source, .. } => source.to_string(),
            Self::Empty { .. } => "empty".to_owned(),
            Self::Format { .. } => "in no known format".to_owned(),
            Self::TooLarge { limit, .. } => format!("larger than {limit} bytes"),
            Self::Line { reason, .. }
            | Self::Svg { reason, .. }
            | Self::Item { reason, .. }
            | Self::Header { reason, .. }
            | Self::Image { reason, .. } => reason.clone(),
            other => other.to_string(),
        }
    }
}
