use std::iter::Enumerate;
use std::mem;
use std::vec::IntoIter;

use super::offsets::{self, OffsetArray};
use super::record::{RecordKind, SketchRecord};
use super::rows::{RowReader, RowRecord};
use super::{ByteSource, binary, cifar, csv, image, json, ndjson, scene, svg};
use crate::{Drawing, Raster, Sketch, SketchError};

/// A file cut into the bytes of its sketches, in order.
pub struct RecordReader<'a> {
    name: String,
    splitter: RecordSplitter<'a>,
}

enum RecordSplitter<'a> {
    Single(Option<SketchRecord>),
    Lines(ndjson::LineReader<ByteSource<'a>>),
    Drawings(binary::BinaryReader<ByteSource<'a>>),
    Rows(RowReader<'a>),
    Table(Box<csv::TableReader<'a>>),
    Offsets(offsets::OffsetReader),
    /// Objects of JSON, all of one kind.
    Objects(RecordKind, Enumerate<IntoIter<Result<Vec<u8>, String>>>),
}

impl<'a> RecordReader<'a> {
    pub(super) fn single_of(name: &str, kind: RecordKind, bytes: Vec<u8>) -> Self {
        let record = SketchRecord { item: 1, kind, bytes, word: None };
        Self { name: name.to_owned(), splitter: RecordSplitter::Single(Some(record)) }
    }

    pub(super) fn lines(name: &str, source: ByteSource<'a>) -> Self {
        Self { name: name.to_owned(), splitter: RecordSplitter::Lines(ndjson::LineReader::new(source)) }
    }

    pub(super) fn drawings(name: &str, source: ByteSource<'a>) -> Self {
        Self { name: name.to_owned(), splitter: RecordSplitter::Drawings(binary::BinaryReader::new(source)) }
    }

    pub(super) fn rows(name: &str, rows: RowReader<'a>) -> Self {
        Self { name: name.to_owned(), splitter: RecordSplitter::Rows(rows) }
    }

    pub(super) fn table(name: &str, drawings: csv::TableReader<'a>) -> Self {
        Self { name: name.to_owned(), splitter: RecordSplitter::Table(Box::new(drawings)) }
    }

    pub(super) fn offsets(name: &str, drawings: offsets::OffsetReader) -> Self {
        Self { name: name.to_owned(), splitter: RecordSplitter::Offsets(drawings) }
    }

    pub(super) fn objects(name: &str, kind: RecordKind, mut objects: Vec<Result<Vec<u8>, String>>) -> Self {
        if let [Ok(object)] = objects.as_mut_slice() {
            return Self::single_of(name, kind, mem::take(object));
        }
        let objects = objects.into_iter().enumerate();
        Self { name: name.to_owned(), splitter: RecordSplitter::Objects(kind, objects) }
    }

    /// The file, as errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The record of a file that can hold one only.
    pub(super) fn take_single(&mut self) -> Option<SketchRecord> {
        match &mut self.splitter {
            RecordSplitter::Single(record) => record.take(),
            _ => None,
        }
    }
}

impl Iterator for RecordReader<'_> {
    /// An error is a record that cannot even be told from those around it.
    type Item = Result<SketchRecord, SketchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let plain = |kind| move |(item, bytes)| SketchRecord { item, kind, bytes, word: None };
        match &mut self.splitter {
            RecordSplitter::Single(record) => record.take().map(Ok),
            RecordSplitter::Lines(lines) => Some(lines.next(&self.name)?.map(plain(RecordKind::Line))),
            RecordSplitter::Drawings(drawings) => {
                Some(drawings.next(&self.name)?.map(plain(RecordKind::Drawing)))
            }
            RecordSplitter::Table(drawings) => Some(drawings.next(&self.name)?.map(plain(RecordKind::Line))),
            RecordSplitter::Offsets(drawings) => {
                let (item, offsets) = drawings.next()?;
                let fail = |reason| SketchError::Item { name: self.name.clone(), item, reason };
                Some(offsets.map_err(fail).map(|OffsetArray { number, columns, bytes }| SketchRecord {
                    item,
                    kind: RecordKind::Offsets { number, columns },
                    bytes,
                    word: None,
                }))
            }
            RecordSplitter::Objects(kind, objects) => {
                let (index, object) = objects.next()?;
                let item = index as u64 + 1;
                let fail = |reason| SketchError::Item { name: self.name.clone(), item, reason };
                Some(object.map(|bytes| plain(*kind)((item, bytes))).map_err(fail))
            }
            RecordSplitter::Rows(rows) => {
                let kind = rows.kind();
                let record = |RowRecord { item, bytes, word }| SketchRecord { item, kind, bytes, word };
                Some(rows.next(&self.name)?.map(record))
            }
        }
    }
}

impl SketchRecord {
    /// Parses it; `name` stands for its file in errors.
    ///
    /// # Errors
    /// If it is broken: [`SketchError::Line`] in ndjson, [`SketchError::Image`] and
    /// [`SketchError::Svg`] for files of these formats, [`SketchError::Item`] in all others.
    pub fn sketch(&self, name: &str) -> Result<Sketch, SketchError> {
        let at_item = |reason: String| SketchError::Item { name: name.to_owned(), item: self.item, reason };
        let mut sketch = match self.kind {
            RecordKind::Image(format) => image::read(name, format, &self.bytes)?,
            RecordKind::Svg => svg::read(name, &self.bytes)?,
            RecordKind::Line => json::parse_json(&self.bytes).map_err(|reason| SketchError::Line {
                name: name.to_owned(),
                line: self.item,
                reason,
            })?,
            RecordKind::Object => json::parse_json(&self.bytes).map_err(at_item)?,
            RecordKind::Scene => scene::parse(&self.bytes).map_err(at_item)?,
            RecordKind::Drawing => binary::parse(&self.bytes).map_err(at_item)?,
            RecordKind::Ink { width, height } => {
                Drawing::Raster(Raster::new(width, height, self.bytes.clone())?).into()
            }
            RecordKind::Offsets { number, columns } => {
                offsets::parse(&self.bytes, number, columns).map_err(at_item)?.into()
            }
            RecordKind::Cifar => Drawing::Picture(cifar::picture(&self.bytes)?).into(),
        };
        sketch.word = self.word.clone().or(sketch.word);
        Ok(sketch)
    }
}
