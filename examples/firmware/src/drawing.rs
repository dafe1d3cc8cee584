use semihosting::io::{self, Read};

/// Points and strokes of a drawing; what is more is left out.
const POINTS: usize = 400;
const STROKES: usize = 40;

/// Strokes of a drawing.
pub(crate) struct Drawing {
    points: [[i16; 2]; POINTS],
    /// End of each stroke.
    ends: [u16; STROKES],
    count: usize,
    strokes: usize,
}

/// Drawings of the input, a line each.
pub(crate) struct Input {
    stdin: Option<io::Stdin>,
    bytes: [u8; 64],
    at: usize,
    len: usize,
}

impl Drawing {
    pub(crate) const fn new() -> Self {
        Self { points: [[0; 2]; POINTS], ends: [0; STROKES], count: 0, strokes: 0 }
    }

    /// Strokes, each its points.
    pub(crate) fn strokes(&self) -> impl Iterator<Item = impl Iterator<Item = [f32; 2]>> + Clone {
        (0..self.strokes).map(|stroke| {
            let begin = if stroke == 0 { 0 } else { usize::from(self.ends[stroke - 1]) };
            let points = self.points.get(begin..usize::from(self.ends[stroke])).unwrap_or_default();
            points.iter().map(|point| point.map(f32::from))
        })
    }

    fn end_stroke(&mut self) {
        if let Some(end) = self.ends.get_mut(self.strokes) {
            *end = self.count as u16;
            self.strokes += 1;
        }
    }

    fn add(&mut self, point: [i16; 2]) {
        if let Some(place) = self.points.get_mut(self.count) {
            *place = point;
            self.count += 1;
        }
    }
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { stdin: io::stdin().ok(), bytes: [0; 64], at: 0, len: 0 }
    }

    /// Reads the next line; false at the end.
    pub(crate) fn read(&mut self, drawing: &mut Drawing) -> bool {
        (drawing.count, drawing.strokes) = (0, 0);
        let (mut point, mut axis, mut digits, mut negative) = ([0; 2], 0, false, false);
        loop {
            let Some(byte) = self.byte() else { return false };
            if let digit @ b'0'..=b'9' = byte {
                let number: &mut i16 = &mut point[axis];
                *number = number.saturating_mul(10).saturating_add(i16::from(digit - b'0'));
                digits = true;
                continue;
            }
            if negative && digits {
                point[axis] = -point[axis];
            }
            negative = byte == b'-';
            if byte == b',' {
                axis = 1;
            } else if !negative {
                if axis == 1 && digits {
                    drawing.add(point);
                }
                (point, axis) = ([0; 2], 0);
            }
            digits = false;
            if matches!(byte, b';' | b'\n') {
                drawing.end_stroke();
            }
            if byte == b'\n' {
                return true;
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        if self.at == self.len {
            (self.at, self.len) = (0, self.stdin.as_mut()?.read(&mut self.bytes).ok()?);
        }
        let byte = self.bytes[..self.len].get(self.at).copied();
        self.at += 1;
        byte
    }
}
