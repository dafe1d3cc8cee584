//! One file per format, and the one place that tells them apart.
//!
//! A new format is a new file here, a way to recognise it in [`read`], and an arm in [`Sketches`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{Sketch, SketchError};

pub mod image;
pub mod ndjson;
pub mod svg;

/// Bytes looked at to recognise a format; also how much white space may come before it.
const HEAD: u64 = 1024;
/// The most points of a drawing that is read; people draw hundreds.
const MAX_POINTS: usize = 100_000;
/// The largest PNG or JPEG file read, in bytes.
const MAX_IMAGE_BYTES: u64 = 64 << 20;

type Source = Box<dyn BufRead + Send>;

/// The sketches of one file, in order.
///
/// An item is an error where one sketch of many is broken; the iterator goes on after it where
/// that makes sense.
pub struct Sketches(Kind);

enum Kind {
    Lines(ndjson::Reader<Source>),
    One(Option<Result<Sketch, SketchError>>),
}

impl Iterator for Sketches {
    type Item = Result<Sketch, SketchError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Kind::Lines(lines) => lines.next(),
            Kind::One(sketch) => sketch.take(),
        }
    }
}

/// Reads the sketches of a file, whose format is recognised by its content.
///
/// PNG, JPEG and SVG give one sketch, ndjson one for each line; SVG and ndjson may be gzip
/// compressed.
///
/// # Errors
/// Where nothing of the file can be used: it is missing, a folder, empty, in no known format, or
/// a single sketch that is broken. A broken sketch among many is an item of the iterator.
pub fn read_file(path: impl AsRef<Path>) -> Result<Sketches, SketchError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(SketchError::Folder { name });
    }
    match File::open(path) {
        Ok(file) => read(&name, file),
        Err(source) => Err(SketchError::Open { name, source }),
    }
}

/// Reads sketches from memory; `name` stands for the path in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Sketches, SketchError> {
    read(name, Cursor::new(bytes.into()))
}

/// Reads sketches from a stream, such as the standard input; `name` stands for the path in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read(name: &str, source: impl Read + Send + 'static) -> Result<Sketches, SketchError> {
    let (mut head, mut source) = peek(name, Box::new(BufReader::new(source)))?;
    if head.starts_with(&[0x1f, 0x8b]) {
        (head, source) = peek(name, Box::new(BufReader::new(MultiGzDecoder::new(source))))?;
    }
    let one = |sketch: Sketch| Sketches(Kind::One(Some(Ok(sketch))));
    if let Some(format) = image::Format::recognize(&head) {
        let bytes = read_up_to(name, source, MAX_IMAGE_BYTES)?;
        return image::read(name, format, &bytes).map(one);
    }
    match head.trim_ascii_start().first() {
        None => Err(SketchError::Empty { name: name.to_owned() }),
        Some(b'<') => svg::read(name, &read_up_to(name, source, svg::MAX_BYTES)?).map(one),
        // A broken line is an error of its own, the first one too.
        Some(_)
            if head.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"{")) =>
        {
            Ok(Sketches(Kind::Lines(ndjson::Reader::new(name, source))))
        }
        Some(_) => Err(SketchError::Format { name: name.to_owned() }),
    }
}

/// The first bytes of a source, without a byte order mark, and the source as if they were not
/// yet read.
fn peek(name: &str, mut source: Source) -> Result<(Vec<u8>, Source), SketchError> {
    let mut head = Vec::new();
    // A source that fails later has given something first: the error keeps its place behind that.
    let failure = match source.by_ref().take(HEAD).read_to_end(&mut head) {
        Err(source) if head.is_empty() => return Err(SketchError::Read { name: name.to_owned(), source }),
        read => read.err(),
    };
    if let Some(rest) = head.strip_prefix(b"\xef\xbb\xbf") {
        head = rest.to_vec();
    }
    let start = Cursor::new(head.clone());
    let whole: Source = match failure {
        Some(error) => Box::new(start.chain(BufReader::new(Failing(error)))),
        None => Box::new(start.chain(source)),
    };
    Ok((head, whole))
}

/// A source that only ever fails.
struct Failing(io::Error);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0.kind(), self.0.to_string()))
    }
}

fn read_up_to(name: &str, source: Source, limit: u64) -> Result<Vec<u8>, SketchError> {
    let mut bytes = Vec::new();
    let read = source.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|source| SketchError::Read { name: name.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(SketchError::TooLarge { name: name.to_owned(), limit });
    }
    Ok(bytes)
}
