//! Google's *Quick, Draw!* in its binary form.
//!
//! Little-endian records: key_id u64, two letters of a country, recognized i8, timestamp u32, number of
//! strokes u16, and for each stroke its number of points n u16, n × x u8, n × y u8. What a drawing shows
//! is the name of its file. See <https://github.com/googlecreativelab/quickdraw-dataset>.

use std::io::{self, Read};

use super::MAX_POINTS;
use crate::{Drawing, Sketch, SketchError, Stroke};

/// Bytes before the strokes.
const HEADER: usize = 17;
/// The game began in November 2016; nothing was drawn before.
const FIRST_TIMESTAMP: u32 = 1_400_000_000;

/// Whether these may be the first bytes of such a file.
pub(super) fn recognize(head: &[u8]) -> bool {
    head.len() >= HEADER && is_header(&head[..HEADER])
}

/// Nothing marks a record but that what it holds makes sense.
fn is_header(header: &[u8]) -> bool {
    let letters =
        header[8..10].iter().all(|letter| letter.is_ascii_alphabetic() || matches!(letter, 0 | b' '));
    let timestamp = u32::from_le_bytes([header[11], header[12], header[13], header[14]]);
    letters && header[10] <= 1 && timestamp >= FIRST_TIMESTAMP && header[15..17] != [0, 0]
}

/// Cuts a file into its drawings.
pub(super) struct Drawings<R> {
    source: R,
    item: u64,
    ended: bool,
}

/// What was found where a drawing should be.
enum Found {
    Drawing(Vec<u8>),
    TooLarge,
    End,
}

impl<R: Read> Drawings<R> {
    pub fn new(source: R) -> Self {
        Self { source, item: 0, ended: false }
    }

    /// The next drawing with its number from 1; `name` stands for the file in errors.
    pub fn next(&mut self, name: &str) -> Option<Result<(u64, Vec<u8>), SketchError>> {
        if self.ended {
            return None;
        }
        self.item += 1;
        let (name, item) = (name.to_owned(), self.item);
        let fail = |reason| SketchError::Item { name: name.clone(), item, reason };
        Some(match self.find() {
            Ok(Found::End) => return None,
            Ok(Found::Drawing(bytes)) => Ok((item, bytes)),
            Ok(Found::TooLarge) => Err(fail(format!("the drawing has more than {MAX_POINTS} points"))),
            Err(error) => {
                self.ended = true;
                Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof => fail("the file is cut short in this drawing".to_owned()),
                    io::ErrorKind::InvalidData => {
                        fail("no drawing begins here: what follows cannot be read".to_owned())
                    }
                    _ => SketchError::Read { name, source: error },
                })
            }
        })
    }

    fn find(&mut self) -> io::Result<Found> {
        let mut bytes = Vec::new();
        self.source.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
        match bytes.len() {
            0 => return Ok(Found::End),
            HEADER if is_header(&bytes) => {}
            HEADER => return Err(io::ErrorKind::InvalidData.into()),
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
        Ok(if points <= MAX_POINTS { Found::Drawing(bytes) } else { Found::TooLarge })
    }
}

/// Parses what [`Drawings`] found.
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
