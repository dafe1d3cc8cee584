use super::offsets::{self, Number, Offsets};
use super::rows::{Row, Rows};
use super::{Source, binary, cifar, csv, image, ndjson, svg};
use crate::{Drawing, Raster, Sketch, SketchError};

/// A file cut into the bytes of its sketches, in order.
pub struct Records<'a> {
    name: String,
    splitter: Splitter<'a>,
}

enum Splitter<'a> {
    Single(Option<Record>),
    Lines(ndjson::Lines<Source<'a>>),
    Drawings(binary::Drawings<Source<'a>>),
    Rows(Rows<'a>),
    Table(Box<csv::Drawings<'a>>),
    Offsets(offsets::Drawings),
}

/// The bytes of one sketch.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it is in its file: the line of an ndjson file, the number of the record elsewhere, both
    /// counted from 1.
    pub item: u64,
    kind: Kind,
    bytes: Vec<u8>,
    /// What it shows, where that is not in its bytes.
    word: Option<String>,
}

/// How a record is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Image(image::Format),
    Svg,
    Line,
    Drawing,
    /// Ink, a byte a pixel.
    Ink {
        width: usize,
        height: usize,
    },
    Cifar,
    /// Points from the one before.
    Offsets {
        number: Number,
        columns: usize,
    },
}

impl<'a> Records<'a> {
    pub(super) fn single_of(name: &str, kind: Kind, bytes: Vec<u8>) -> Self {
        let record = Record { item: 1, kind, bytes, word: None };
        Self { name: name.to_owned(), splitter: Splitter::Single(Some(record)) }
    }

    pub(super) fn lines(name: &str, source: Source<'a>) -> Self {
        Self { name: name.to_owned(), splitter: Splitter::Lines(ndjson::Lines::new(source)) }
    }

    pub(super) fn drawings(name: &str, source: Source<'a>) -> Self {
        Self { name: name.to_owned(), splitter: Splitter::Drawings(binary::Drawings::new(source)) }
    }

    pub(super) fn rows(name: &str, rows: Rows<'a>) -> Self {
        Self { name: name.to_owned(), splitter: Splitter::Rows(rows) }
    }

    pub(super) fn table(name: &str, drawings: csv::Drawings<'a>) -> Self {
        Self { name: name.to_owned(), splitter: Splitter::Table(Box::new(drawings)) }
    }

    pub(super) fn offsets(name: &str, drawings: offsets::Drawings) -> Self {
        Self { name: name.to_owned(), splitter: Splitter::Offsets(drawings) }
    }

    /// The file, as errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The record of a file that can hold one only.
    pub(super) fn take_single(&mut self) -> Option<Record> {
        match &mut self.splitter {
            Splitter::Single(record) => record.take(),
            _ => None,
        }
    }
}

impl Iterator for Records<'_> {
    /// An error is a record that cannot even be told from those around it.
    type Item = Result<Record, SketchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let plain = |kind| move |(item, bytes)| Record { item, kind, bytes, word: None };
        match &mut self.splitter {
            Splitter::Single(record) => record.take().map(Ok),
            Splitter::Lines(lines) => Some(lines.next(&self.name)?.map(plain(Kind::Line))),
            Splitter::Drawings(drawings) => Some(drawings.next(&self.name)?.map(plain(Kind::Drawing))),
            Splitter::Table(drawings) => Some(drawings.next(&self.name)?.map(plain(Kind::Line))),
            Splitter::Offsets(drawings) => {
                let (item, offsets) = drawings.next()?;
                let fail = |reason| SketchError::Item { name: self.name.clone(), item, reason };
                Some(offsets.map_err(fail).map(|Offsets { number, columns, bytes }| Record {
                    item,
                    kind: Kind::Offsets { number, columns },
                    bytes,
                    word: None,
                }))
            }
            Splitter::Rows(rows) => {
                let kind = rows.kind();
                let record = |Row { item, bytes, word }| Record { item, kind, bytes, word };
                Some(rows.next(&self.name)?.map(record))
            }
        }
    }
}

impl Record {
    /// Bytes that it takes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Parses it; `name` stands for its file in errors.
    ///
    /// # Errors
    /// Where it is broken: [`SketchError::Line`] in ndjson, [`SketchError::Image`] and
    /// [`SketchError::Svg`] for files of these formats, [`SketchError::Item`] in all others.
    pub fn sketch(&self, name: &str) -> Result<Sketch, SketchError> {
        let at_item = |reason: String| SketchError::Item { name: name.to_owned(), item: self.item, reason };
        let mut sketch = match self.kind {
            Kind::Image(format) => image::read(name, format, &self.bytes)?,
            Kind::Svg => svg::read(name, &self.bytes)?,
            Kind::Line => ndjson::parse(&self.bytes).map_err(|reason| SketchError::Line {
                name: name.to_owned(),
                line: self.item,
                reason,
            })?,
            Kind::Drawing => binary::parse(&self.bytes).map_err(at_item)?,
            Kind::Ink { width, height } => {
                Drawing::Raster(Raster::new(width, height, self.bytes.clone())?).into()
            }
            Kind::Offsets { number, columns } => {
                offsets::parse(&self.bytes, number, columns).map_err(at_item)?.into()
            }
            Kind::Cifar => Drawing::Picture(cifar::picture(&self.bytes)?).into(),
        };
        sketch.word = self.word.clone().or(sketch.word);
        Ok(sketch)
    }
}
