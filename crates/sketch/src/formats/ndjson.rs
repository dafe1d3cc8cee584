//! Lines of text: ndjson has a [sketch in JSON](super::json) in each.

use std::io::{self, BufRead};

use crate::SketchError;

/// The longest line read, in bytes.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// Cuts text into lines.
///
/// Blank lines are passed over. A line that is too long is an error with its number, and the next line
/// is read after it; a source that fails is the last item.
pub(super) struct LineReader<R> {
    source: R,
    line: u64,
    failed: bool,
}

impl<R: BufRead> LineReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, line: 0, failed: false }
    }

    /// The next line with its number from 1; `name` stands for the file in errors.
    pub(crate) fn next(&mut self, name: &str) -> Option<Result<(u64, Vec<u8>), SketchError>> {
        let mut bytes = Vec::new();
        while !self.failed {
            bytes.clear();
            self.line += 1;
            match read_line(&mut self.source, &mut bytes) {
                Ok(LineEnd::End) => return None,
                Ok(LineEnd::TooLong) => {
                    let reason = format!("the line is longer than {MAX_LINE} bytes");
                    return Some(Err(SketchError::Line { name: name.to_owned(), line: self.line, reason }));
                }
                Ok(LineEnd::Whole) if bytes.trim_ascii().is_empty() => {}
                Ok(LineEnd::Whole) => return Some(Ok((self.line, bytes))),
                Err(source) => {
                    self.failed = true;
                    return Some(Err(SketchError::Read { name: name.to_owned(), source }));
                }
            }
        }
        None
    }
}

enum LineEnd {
    Whole,
    TooLong,
    End,
}

/// Reads up to the end of a line, holding no more than [`MAX_LINE`] bytes of it.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<LineEnd> {
    let (mut any, mut long) = (false, false);
    loop {
        let buffer = match source.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..newline.unwrap_or(buffer.len())];
        let (used, end) = match newline {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        any |= used > 0;
        long |= line.len() + part.len() > MAX_LINE;
        if !long {
            line.extend_from_slice(part);
        }
        source.consume(used);
        if end {
            return Ok(match (any, long) {
                (false, _) => LineEnd::End,
                (true, true) => LineEnd::TooLong,
                (true, false) => LineEnd::Whole,
            });
        }
    }
}
