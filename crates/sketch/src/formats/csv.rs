//! Drawings in a table, as Kaggle's Quick, Draw! competition has them: a column `drawing` of strokes in JSON, and others
//! such as `word` and `key_id` beside it.

use csv::{ByteRecord, ReaderBuilder};

use super::ByteSource;
use super::ndjson::LineReader;
use crate::SketchError;

/// The column of strokes.
const DRAWING: &str = "drawing";
/// The columns that say what a drawing shows, and what tells it from others.
const WORD: &str = "word";
const ID: &str = "key_id";

/// True if the first line names a column of drawings.
pub(super) fn recognize(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.contains(&b',')
        && fields(line).is_some_and(|names| names.iter().any(|name| name == DRAWING.as_bytes()))
}

/// Cuts a table into its rows, each as a line of ndjson.
pub(super) struct TableReader<'a> {
    lines: LineReader<ByteSource<'a>>,
    drawing: usize,
    word: Option<usize>,
    id: Option<usize>,
}

impl<'a> TableReader<'a> {
    /// Reads the names of the columns.
    pub(crate) fn new(source: ByteSource<'a>) -> Result<Self, String> {
        let mut lines = LineReader::new(source);
        let head = lines.next("").and_then(Result::ok).and_then(|(_, line)| fields(&line));
        let head = head.ok_or("its first line cannot be read")?;
        let column = |name: &str| head.iter().position(|found| found == name.as_bytes());
        let drawing = column(DRAWING).ok_or("it has no column 'drawing'")?;
        Ok(Self { lines, drawing, word: column(WORD), id: column(ID) })
    }

    /// The next row with the number of its line; `name` stands for the file in errors.
    pub(crate) fn next(&mut self, name: &str) -> Option<Result<(u64, Vec<u8>), SketchError>> {
        let (line, bytes) = match self.lines.next(name)? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let fail =
            |reason: &str| SketchError::Line { name: name.to_owned(), line, reason: reason.to_owned() };
        Some(self.row(&bytes).map(|row| (line, row)).map_err(fail))
    }

    fn row(&self, line: &[u8]) -> Result<Vec<u8>, &'static str> {
        let row = fields(line).ok_or("it is no row of a table")?;
        let text = |at: usize| row.get(at).and_then(|field| std::str::from_utf8(field).ok());
        let drawing = text(self.drawing).ok_or("it has no drawing")?;
        let named = [(WORD, self.word), (ID, self.id)].into_iter();
        let named = named
            .filter_map(|(name, at)| Some((name, text(at?)?)))
            .fold(String::new(), |all, (name, value)| {
                all + &format!("\"{name}\":{},", serde_json::Value::from(value))
            });
        Ok(format!("{{{named}\"{DRAWING}\":{drawing}}}").into_bytes())
    }
}

/// The fields of a line.
fn fields(line: &[u8]) -> Option<ByteRecord> {
    let mut row = ByteRecord::new();
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(line);
    reader.read_byte_record(&mut row).ok().filter(|found| *found).map(|_| row)
}
