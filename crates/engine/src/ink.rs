use crate::{kernels::Tap, memory::Needs, window::Window};

/// The non-zero elements of a canvas, column by column.
///
/// A window takes a run of columns, so if what lies under a whole row of windows is sorted by
/// column, what lies under each window is a run of that, and nothing has to be gathered.
#[derive(Debug)]
pub(crate) struct Ink {
    /// Row by row.
    found: Vec<Spot>,
    /// Column by column, from the top.
    columns: Vec<Spot>,
    /// Where each column begins among them.
    starts: Vec<u32>,
    /// How far each column has been filled, while it is.
    filled: Vec<u32>,
}

/// The ink under one row of windows.
#[derive(Debug)]
pub(crate) struct Band {
    /// The first in each column that is not above the band.
    cursors: Vec<u32>,
    /// The taps of the band.
    taps: Vec<Tap>,
    /// Where each column begins among those.
    starts: Vec<u32>,
}

/// A non-zero element.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    row: u32,
    /// Its place in the row, over all channels.
    column: u32,
    value: f32,
}

/// Elements that are looked at together: most hold no ink.
const PIECE: usize = 16;

impl Ink {
    /// Room for everything that a step may find.
    pub(crate) fn new(needs: &Needs) -> Self {
        Self {
            found: Vec::with_capacity(needs.ink),
            columns: Vec::with_capacity(needs.ink),
            starts: Vec::with_capacity(needs.ink_row + 1),
            filled: Vec::with_capacity(needs.ink_row + 1),
        }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(needs: &Needs) -> u64 {
        2 * (size_of::<Spot>() as u64 * needs.ink as u64 + 4 * (needs.ink_row as u64 + 1))
    }

    /// Finds the ink of a canvas whose rows have `row_len` elements.
    pub(crate) fn find(&mut self, values: &[f32], row_len: usize) {
        self.found.clear();
        self.starts.clear();
        self.starts.resize(row_len + 1, 0);
        for (row, values) in values.chunks_exact(row_len).enumerate() {
            for (piece, values) in values.chunks(PIECE).enumerate() {
                if values.iter().fold(true, |blank, &value| blank & (value == 0.0)) {
                    continue;
                }
                for (place, &value) in values.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                    let column = (piece * PIECE + place) as u32;
                    self.found.push(Spot { row: row as u32, column, value });
                    self.starts[column as usize + 1] += 1;
                }
            }
        }
        for column in 0..row_len {
            self.starts[column + 1] += self.starts[column];
        }
        self.sort_by_column();
    }

    fn sort_by_column(&mut self) {
        self.columns.clear();
        self.columns.resize(self.found.len(), Spot::default());
        self.filled.clear();
        self.filled.extend(&self.starts);
        for &spot in &self.found {
            let place = &mut self.filled[spot.column as usize];
            self.columns[*place as usize] = spot;
            *place += 1;
        }
    }
}

impl Band {
    /// Room for everything that a step may find.
    pub(crate) fn new(needs: &Needs) -> Self {
        Self {
            cursors: Vec::with_capacity(needs.ink_row),
            taps: Vec::with_capacity(needs.ink_band),
            starts: Vec::with_capacity(needs.ink_row + 1),
        }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(needs: &Needs) -> u64 {
        size_of::<Tap>() as u64 * needs.ink_band as u64 + 8 * (needs.ink_row as u64 + 1)
    }

    /// What a step on windows over the input needs.
    pub(crate) fn needs(window: &Window) -> Needs {
        let row = window.input.width * window.input.channels;
        Needs {
            ink: window.input.elements(),
            ink_row: row,
            ink_band: window.kernel[0] * row,
            ..Needs::default()
        }
    }

    /// Goes back to the top.
    pub(crate) fn begin(&mut self, ink: &Ink) {
        self.cursors.clear();
        self.cursors.extend(&ink.starts[..ink.starts.len() - 1]);
    }

    /// Goes on to the windows of output row `y`, which comes after those asked for since the last
    /// [`Band::begin`].
    pub(crate) fn go_to(&mut self, ink: &Ink, window: &Window, y: usize) {
        let (kernel, padding) = (window.kernel[0] as u32, window.padding as u32);
        let rows = window.rows(y);
        let (first, end) = (window.input_at(y, rows.start) as u32, window.input_at(y, rows.end) as u32);
        // The row of the window that lies on input row 0, were it there.
        let shift = padding as i64 - (y * window.stride) as i64;
        self.taps.clear();
        self.starts.clear();
        for (column, cursor) in self.cursors.iter_mut().enumerate() {
            self.starts.push(self.taps.len() as u32);
            let spots = &ink.columns[..ink.starts[column + 1] as usize];
            while spots.get(*cursor as usize).is_some_and(|spot| spot.row < first) {
                *cursor += 1;
            }
            let below = spots[*cursor as usize..].iter().take_while(|spot| spot.row < end);
            let padded = column as u32 + padding * window.input.channels as u32;
            self.taps.extend(below.map(|spot| Tap {
                row: padded * kernel + (i64::from(spot.row) + shift) as u32,
                value: spot.value,
            }));
        }
        self.starts.push(self.taps.len() as u32);
    }

    /// What lies under the window at output column `x` of that row, and the row of weights that is
    /// to be taken for the first.
    pub(crate) fn taps(&self, window: &Window, x: usize) -> (&[Tap], u32) {
        let channels = window.input.channels;
        let across = window.columns(x);
        let from = window.input_at(x, across.start) * channels;
        let taps = self.starts[from]..self.starts[from + across.len() * channels];
        let first = x * window.stride * channels * window.kernel[0];
        (&self.taps[taps.start as usize..taps.end as usize], first as u32)
    }
}
