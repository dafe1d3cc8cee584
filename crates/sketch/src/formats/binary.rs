//! Google's *Quick, Draw!* in its binary form.
//!
//! Little-endian records: key_id u64, two letters of a country, recognized i8, timestamp u32, number of
//! strokes u16, and for each stroke its number of points n u16, n × x u8, n × y u8. What a drawing shows
//! is the name of its file. See <https://github.com/googlecreativelab/quickdraw-dataset>.

use std::io::{self, Cursor, Read};

use super::MAX_POINTS;
use crate::{Drawing, Sketch, SketchError, Stroke};

/// Bytes before the strokes.
const HEADER: usize = 17;
/// The game began in November 2016; nothing was drawn before.
const FIRST_TIMESTAMP: u32 = 1_400_000_000;
/// Nor was anything drawn after 2036 yet.
const LAST_TIMESTAMP: u32 = 2_100_000_000;
/// Bytes after an invalid record in which the next one is searched for.
const AHEAD: u64 = 256 << 10;

/// True if these may be the first bytes of such a file.
pub(super) fn recognize(head: &[u8]) -> bool {
    head.len() >= HEADER && is_header(&head[..HEADER])
}

/// Nothing marks a record but that what it holds makes sense.
fn is_header(header: &[u8]) -> bool {
    is_dated(header) && header[10] <= 1 && header[15..17] != [0, 0]
}

/// True if country and timestamp are plausible. The rest may still be invalid.
fn is_dated(header: &[u8]) -> bool {
    let letters =
        header[8..10].iter().all(|letter| letter.is_ascii_alphabetic() || matches!(letter, 0 | b' '));
    let timestamp = u32::from_le_bytes([header[11], header[12], header[13], header[14]]);
    letters && (FIRST_TIMESTAMP..LAST_TIMESTAMP).contains(&timestamp)
}

/// Finds a record in some bytes that another one, or their end, follows.
fn next_record(bytes: &[u8]) -> Option<usize> {
    let begins = |at: usize| bytes.get(at..at + HEADER).is_some_and(is_header);
    (1..bytes.len().saturating_sub(HEADER)).find(|&at| {
        begins(at) && record_end(&bytes[at..]).is_some_and(|end| at + end == bytes.len() || begins(at + end))
    })
}

/// Length of the record that some bytes begin with, if it is whole.
fn record_end(bytes: &[u8]) -> Option<usize> {
    let strokes = u16::from_le_bytes([bytes[15], bytes[16]]);
    (0..strokes).try_fold(HEADER, |at, _| {
        let count = usize::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let end = at + 2 + 2 * count;
        (count > 0 && end <= bytes.len()).then_some(end)
    })
}

/// Cuts a file into its drawings.
pub(super) struct BinaryReader<R> {
    source: PushbackReader<R>,
    item: u64,
    ended: bool,
}

/// A source to which bytes can be given back.
struct PushbackReader<R> {
    returned: Cursor<Vec<u8>>,
    source: R,
}

impl<R> PushbackReader<R> {
    /// These come next.
    fn give_back(&mut self, mut bytes: Vec<u8>) {
        let read = self.returned.position() as usize;
        bytes.extend_from_slice(&self.returned.get_ref()[read..]);
        self.returned = Cursor::new(bytes);
    }
}

impl<R: Read> Read for PushbackReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.returned.read(buffer)? {
            0 => self.source.read(buffer),
            read => Ok(read),
        }
    }
}

/// Outcome of reading one record.
enum BinaryRecord {
    Drawing(Vec<u8>),
    TooLarge,
    NoStrokes,
    /// No drawing; whether one comes behind it.
    Nonsense {
        found: bool,
    },
    End,
}

impl<R: Read> BinaryReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source: PushbackReader { returned: Cursor::default(), source }, item: 0, ended: false }
    }

    /// The next drawing with its number from 1; `name` stands for the file in errors.
    pub(crate) fn next(&mut self, name: &str) -> Option<Result<(u64, Vec<u8>), SketchError>> {
        if self.ended {
            return None;
        }
        self.item += 1;
        let (name, item) = (name.to_owned(), self.item);
        let fail = |reason| SketchError::Item { name: name.clone(), item, reason };
        Some(match self.find() {
            Ok(BinaryRecord::End) => return None,
            Ok(BinaryRecord::Drawing(bytes)) => Ok((item, bytes)),
            Ok(BinaryRecord::TooLarge) => Err(fail(format!("the drawing has more than {MAX_POINTS} points"))),
            Ok(BinaryRecord::NoStrokes) => Err(fail("the drawing has no strokes".to_owned())),
            Ok(BinaryRecord::Nonsense { found: true }) => {
                Err(fail("no drawing begins here; the next was found".to_owned()))
            }
            Ok(BinaryRecord::Nonsense { found: false }) => {
                self.ended = true;
                Err(fail("no drawing begins here, and none was found behind it".to_owned()))
            }
            Err(error) => {
                self.ended = true;
                Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof => fail("the file is cut short in this drawing".to_owned()),
                    _ => SketchError::Read { name, source: error },
                })
            }
        })
    }

    /// Goes to the next drawing behind bytes that are none.
    fn skip_nonsense(&mut self, mut bytes: Vec<u8>) -> io::Result<BinaryRecord> {
        self.source.by_ref().take(AHEAD).read_to_end(&mut bytes)?;
        let next = next_record(&bytes);
        if let Some(next) = next {
            self.source.give_back(bytes.split_off(next));
        }
        Ok(BinaryRecord::Nonsense { found: next.is_some() })
    }

    fn find(&mut self) -> io::Result<BinaryRecord> {
        let mut bytes = Vec::new();
        self.source.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
        match bytes.len() {
            0 => return Ok(BinaryRecord::End),
            HEADER if !is_dated(&bytes) => return self.skip_nonsense(bytes),
            HEADER if bytes[15..17] == [0, 0] => return Ok(BinaryRecord::NoStrokes),
            HEADER => {}
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        let strokes = u16::from_le_bytes([bytes[15], bytes[16]]);
        let mut points = 0;
        for _ in 0..strokes {
            let mut count = [0; 2];
            self.source.read_exact(&mut count)?;
            let count = usize::from(u16::from_le_bytes(count));
            points += count;
            let keep = points <= MAX_POINTS;
            if keep {
                bytes.extend_from_slice(&(count as u16).to_le_bytes());
            }
            let mut coordinates = self.source.by_ref().take(2 * count as u64);
            let read = if keep {
                coordinates.read_to_end(&mut bytes)? as u64
            } else {
                io::copy(&mut coordinates, &mut io::sink())?
            };
            if read < 2 * count as u64 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(if points <= MAX_POINTS { BinaryRecord::Drawing(bytes) } else { BinaryRecord::TooLarge })
    }
}

/// Parses what [`BinaryReader`] found.
pub(super) fn parse(bytes: &[u8]) -> Result<Sketch, String> {
    let cut = || "it is cut short".to_owned();
    let key = bytes.first_chunk().ok_or_else(cut)?;
    let mut rest = bytes.get(HEADER..).ok_or_else(cut)?;
    let mut strokes = Vec::new();
    while let Some((count, after)) = rest.split_first_chunk() {
        let count = usize::from(u16::from_le_bytes(*count));
        if count == 0 {
            return Err(format!("stroke {} has no points", strokes.len()));
        }
        let (x, after) = after.split_at_checked(count).ok_or_else(cut)?;
        let (y, after) = after.split_at_checked(count).ok_or_else(cut)?;
        strokes.push(Stroke::new(x.iter().zip(y).map(|(x, y)| [f32::from(*x), f32::from(*y)]).collect()));
        rest = after;
    }
    let id = Some(u64::from_le_bytes(*key).to_string());
    Ok(Sketch { id, ..Drawing::Strokes(strokes).into() })
}
