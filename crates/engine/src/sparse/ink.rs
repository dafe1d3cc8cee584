use dabnet_graph::Shape;

use super::active_mask::Touched;
use crate::{plan::Window, simd::Tap};

/// Upper bounds of the ink of an input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InkCapacity {
    /// Elements of the input.
    elements: usize,
    /// Elements of one row.
    row: usize,
    /// Rows.
    rows: usize,
    /// Elements of the rows under one row of windows.
    band: usize,
}

impl InkCapacity {
    /// Bounds for a step on windows over the input.
    pub(crate) fn of(window: &Window) -> Self {
        let row = window.input.width * window.input.channels;
        Self {
            elements: window.input.elements(),
            row,
            rows: window.input.height,
            band: window.kernel[0] * row,
        }
    }

    /// Enough for both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            elements: self.elements.max(other.elements),
            row: self.row.max(other.row),
            rows: self.rows.max(other.rows),
            band: self.band.max(other.band),
        }
    }
}

/// The non-zero elements of a canvas, row by row.
#[derive(Debug)]
pub(crate) struct Ink {
    spots: Vec<Spot>,
    /// Where each row begins among them.
    rows: Vec<u32>,
}

/// A non-zero element.
#[derive(Clone, Copy, Debug)]
struct Spot {
    row: u32,
    /// Its place in the row, over all channels.
    column: u32,
    value: f32,
}

/// The ink under one row of windows, column by column.
///
/// A window takes a run of columns, so what lies under it is then a run of this, and nothing has to
/// be gathered.
#[derive(Debug)]
pub(crate) struct Band {
    taps: Vec<Tap>,
    /// Where each column begins among those.
    columns: Vec<u32>,
}

impl Ink {
    /// Room for everything that a step may find.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { spots: Vec::with_capacity(capacity.elements), rows: Vec::with_capacity(capacity.rows + 1) }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<Spot>() * capacity.elements + 4 * (capacity.rows + 1)) as u64
    }

    /// Lists the ink of a canvas of `shape`, all of which is `touched`; without that, lists nothing.
    pub(crate) fn list(&mut self, values: &[f32], shape: Shape, touched: Option<&Touched>) {
        self.spots.clear();
        self.rows.clear();
        let Some(touched) = touched else { return };
        for y in 0..shape.height {
            self.rows.push(self.spots.len() as u32);
            touched.columns(y, |x| {
                let first = (y * shape.width + x) * shape.channels;
                for (channel, &value) in values[first..first + shape.channels].iter().enumerate() {
                    if value != 0.0 {
                        let column = (x * shape.channels + channel) as u32;
                        self.spots.push(Spot { row: y as u32, column, value });
                    }
                }
            });
        }
        self.rows.push(self.spots.len() as u32);
    }

    /// Whether there is a list.
    pub(crate) fn is_listed(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl Band {
    /// Room for everything that a step may find.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { taps: vec![Tap::default(); capacity.band], columns: vec![0; capacity.row + 1] }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<Tap>() * capacity.band + 4 * (capacity.row + 1)) as u64
    }

    /// Goes to the windows of output row `y`.
    pub(crate) fn go_to(&mut self, ink: &Ink, window: &Window, y: usize) {
        let (kernel, [above, left]) = (window.kernel[0] as u32, window.padding);
        let rows = window.rows(y);
        let [first, end] = [rows.start, rows.end].map(|row| ink.rows[window.row_at(y, row)] as usize);
        let spots = &ink.spots[first..end];
        let columns = &mut self.columns[..window.input.width * window.input.channels + 1];
        columns.fill(0);
        spots.iter().for_each(|spot| columns[spot.column as usize] += 1);
        let mut sum = 0;
        for column in &mut *columns {
            sum += *column;
            *column = sum;
        }
        // The row of the window that lies on input row 0, were it there.
        let shift = above as i64 - (y * window.stride) as i64;
        for spot in spots.iter().rev() {
            let place = &mut columns[spot.column as usize];
            *place -= 1;
            let padded = spot.column + (left * window.input.channels) as u32;
            let row = padded * kernel + (i64::from(spot.row) + shift) as u32;
            self.taps[*place as usize] = Tap { row, value: spot.value };
        }
    }

    /// What lies under the window at output column `x` of that row, and the row of weights that is
    /// to be taken for the first.
    pub(crate) fn taps(&self, window: &Window, x: usize) -> (&[Tap], u32) {
        let channels = window.input.channels;
        let across = window.columns(x);
        let from = window.column_at(x, across.start) * channels;
        let taps = self.columns[from]..self.columns[from + across.len() * channels];
        let first = x * window.stride * channels * window.kernel[0];
        (&self.taps[taps.start as usize..taps.end as usize], first as u32)
    }
}
