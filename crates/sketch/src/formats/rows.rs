use std::io::Read;

use super::ByteSource;
use super::record::RecordKind;
use crate::SketchError;

/// Records of one length each.
pub(super) struct RowReader<'a> {
    source: ByteSource<'a>,
    kind: RecordKind,
    /// Bytes of a label before the data of each record; the last of them is the label.
    label_bytes: usize,
    /// Bytes of data.
    size: usize,
    /// Records that the file says it has.
    count: Option<u64>,
    labels: RowLabels,
    item: u64,
    ended: bool,
}

/// Labels of the records.
#[derive(Default)]
pub(super) struct RowLabels {
    /// A label for each record, where they lie in another file.
    pub of_records: Option<Vec<u8>>,
    /// Names of the labels; a label without one is its number.
    pub names: Vec<String>,
}

/// A record: its number from 1, its data and what it shows.
pub(super) struct RowRecord {
    pub item: u64,
    pub bytes: Vec<u8>,
    pub word: Option<String>,
}

impl<'a> RowReader<'a> {
    pub(crate) fn new(source: ByteSource<'a>, kind: RecordKind, size: usize) -> Self {
        let labels = RowLabels::default();
        Self { source, kind, label_bytes: 0, size, count: None, labels, item: 0, ended: false }
    }

    /// As many as this, or it is an error.
    pub(crate) fn counted(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    pub(crate) fn labeled(mut self, label_bytes: usize, labels: RowLabels) -> Self {
        (self.label_bytes, self.labels) = (label_bytes, labels);
        self
    }

    pub(crate) fn kind(&self) -> RecordKind {
        self.kind
    }

    pub(crate) fn next(&mut self, name: &str) -> Option<Result<RowRecord, SketchError>> {
        if self.ended || self.count == Some(self.item) {
            return None;
        }
        let mut bytes = Vec::new();
        let whole = self.label_bytes + self.size;
        let read = self.source.by_ref().take(whole as u64).read_to_end(&mut bytes);
        self.ended = read.is_err() || bytes.len() < whole;
        if let Err(source) = read {
            return Some(Err(SketchError::Read { name: name.to_owned(), source }));
        }
        if bytes.is_empty() && self.count.is_none() {
            return None;
        }
        self.item += 1;
        if self.ended {
            let of = self.count.map(|count| format!(" of {count}")).unwrap_or_default();
            let reason = format!("the file is cut short: it ends in record {}{of}", self.item);
            return Some(Err(SketchError::Item { name: name.to_owned(), item: self.item, reason }));
        }
        let data = bytes.split_off(self.label_bytes);
        Some(Ok(RowRecord { item: self.item, bytes: data, word: self.word(bytes.last().copied()) }))
    }

    /// Word of the record just read.
    fn word(&self, own: Option<u8>) -> Option<String> {
        let beside =
            || usize::try_from(self.item - 1).ok().and_then(|at| self.labels.of_records.as_ref()?.get(at));
        let label = own.or_else(|| beside().copied())?;
        Some(self.labels.names.get(usize::from(label)).cloned().unwrap_or_else(|| label.to_string()))
    }
}
