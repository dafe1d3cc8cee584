use std::io;

use thiserror::Error;

/// What can go wrong between a file and a canvas.
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
        /// What the system said.
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
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A file of no bytes, or of nothing but white space.
    #[error("'{name}' is empty: give a PNG, JPEG, SVG or Quick, Draw! ndjson file")]
    Empty {
        /// The file.
        name: String,
    },
    /// A file in none of the known formats.
    #[error("'{name}' is in no known format: give a PNG, JPEG, SVG or Quick, Draw! ndjson file")]
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
        /// What is wrong with it.
        reason: String,
    },
    /// An SVG file that holds no sketch.
    #[error("'{name}' as SVG: {reason}")]
    Svg {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A PNG or JPEG file that holds no sketch.
    #[error("'{name}' as {format}: {reason}")]
    Image {
        /// The file.
        name: String,
        /// `PNG` or `JPEG`.
        format: &'static str,
        /// What is wrong with it.
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
    /// A sketch that cannot be an example of anything.
    #[error("sketch {index} of {part} has no word: a data set needs one for every sketch")]
    Unlabelled {
        /// `train` or `test`.
        part: &'static str,
        /// Its place in that part, counted from 0.
        index: usize,
    },
}
