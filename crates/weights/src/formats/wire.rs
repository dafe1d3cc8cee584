//! Wire format of Protocol Buffers, as far as it takes to locate fields in a file.
//!
//! <https://protobuf.dev/programming-guides/encoding>. Libraries decode messages into structures;
//! here a tensor's bytes are wanted by their place in the file, so that they can be read one at a
//! time and replaced without writing the rest of the model anew.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    ops::Range,
};

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProtoField {
    pub number: u64,
    pub value: ProtoValue,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ProtoValue {
    Varint(u64),
    /// Range of a string, a message or packed numbers.
    Bytes(Range<u64>),
    /// Four or eight bytes that nothing here asks for.
    Fixed,
}

/// Reader of a file of messages.
pub(super) struct ProtoReader {
    file: BufReader<File>,
    position: u64,
    end: u64,
}

impl ProtoReader {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let end = file.metadata()?.len();
        Ok(Self { file: BufReader::new(file), position: 0, end })
    }

    /// Range of the outermost message.
    pub(super) fn whole(&self) -> Range<u64> {
        0..self.end
    }

    /// Reads the fields of the message in `range`.
    pub(super) fn fields(&mut self, range: Range<u64>) -> io::Result<Vec<ProtoField>> {
        self.go_to(range.start)?;
        let mut fields = Vec::new();
        while self.position < range.end {
            let tag = self.varint(range.end)?;
            let value = match tag & 7 {
                0 => ProtoValue::Varint(self.varint(range.end)?),
                1 => self.skip(8, range.end)?,
                5 => self.skip(4, range.end)?,
                2 => {
                    let len = self.varint(range.end)?;
                    let start = self.position;
                    self.skip(len, range.end)?;
                    ProtoValue::Bytes(start..self.position)
                }
                _ => return Err(invalid("a field of a kind that is not in use")),
            };
            fields.push(ProtoField { number: tag >> 3, value });
        }
        Ok(fields)
    }

    /// The bytes in `range`, up to a limit that what is read here never needs.
    pub(super) fn bytes(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        const LIMIT: u64 = 1 << 20;
        let len = range.end - range.start;
        if len > LIMIT {
            return Err(invalid("a name or a shape of more than a megabyte"));
        }
        self.go_to(range.start)?;
        let mut bytes = vec![0; len as usize];
        self.file.read_exact(&mut bytes)?;
        self.position = range.end;
        Ok(bytes)
    }

    fn varint(&mut self, end: u64) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            if self.position >= end {
                return Err(invalid("a number that goes on behind its message"));
            }
            let mut byte = [0];
            self.file.read_exact(&mut byte)?;
            self.position += 1;
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return Ok(value);
            }
        }
        Err(invalid("a number of more than ten bytes"))
    }

    fn skip(&mut self, len: u64, end: u64) -> io::Result<ProtoValue> {
        if len > end - self.position {
            return Err(invalid("a field that goes on behind its message"));
        }
        self.go_to(self.position + len)?;
        Ok(ProtoValue::Fixed)
    }

    fn go_to(&mut self, position: u64) -> io::Result<()> {
        match i64::try_from(position.abs_diff(self.position)) {
            Ok(distance) if position >= self.position => self.file.seek_relative(distance)?,
            _ => self.file.seek(SeekFrom::Start(position)).map(drop)?,
        }
        self.position = position;
        Ok(())
    }
}

/// Numbers that follow each other without tags.
pub(super) fn packed(bytes: &[u8]) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    let (mut value, mut shift) = (0, 0);
    for byte in bytes {
        if shift > 63 {
            return Err(invalid("a number of more than ten bytes"));
        }
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            numbers.push(value);
            (value, shift) = (0, 0);
        }
    }
    if shift == 0 { Ok(numbers) } else { Err(invalid("a number without its end")) }
}

pub(super) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
