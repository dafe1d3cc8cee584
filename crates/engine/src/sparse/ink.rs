use dabnet_graph::Shape;

use super::active_mask::ActiveMask;
use crate::{plan::WindowGeometry, simd::SparseTap};

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
    pub(crate) fn of(window: &WindowGeometry) -> Self {
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
pub(crate) struct InkList {
    pixels: Vec<InkPixel>,
    /// Where each row begins among them.
    rows: Vec<u32>,
}

/// A non-zero element.
#[derive(Clone, Copy, Debug)]
struct InkPixel {
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
pub(crate) struct InkBand {
    taps: Vec<SparseTap>,
    /// Where each column begins among those.
    columns: Vec<u32>,
}

impl InkList {
    /// Room for everything that a step may find.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { pixels: Vec::with_capacity(capacity.elements), rows: Vec::with_capacity(capacity.rows + 1) }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<InkPixel>() * capacity.elements + 4 * (capacity.rows + 1)) as u64
    }

    /// Lists the ink of a canvas of `shape`, all of which is `active`; without that, lists nothing.
    pub(crate) fn collect(&mut self, values: &[f32], shape: Shape, active: Option<&ActiveMask>) {
        self.pixels.clear();
        self.rows.clear();
        let Some(active) = active else { return };
        for y in 0..shape.height {
            self.rows.push(self.pixels.len() as u32);
            active.columns(y, |x| {
                let first = (y * shape.width + x) * shape.channels;
                for (channel, &value) in values[first..first + shape.channels].iter().enumerate() {
                    if value != 0.0 {
                        let column = (x * shape.channels + channel) as u32;
                        self.pixels.push(InkPixel { row: y as u32, column, value });
                    }
                }
            });
        }
        self.rows.push(self.pixels.len() as u32);
    }

    /// Whether there is a list.
    pub(crate) fn is_listed(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl InkBand {
    /// Room for everything that a step may find.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { taps: vec![SparseTap::default(); capacity.band], columns: vec![0; capacity.row + 1] }
    }

    /// How much memory that takes.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<SparseTap>() * capacity.band + 4 * (capacity.row + 1)) as u64
    }

    /// Goes to the windows of output row `y`.
    pub(crate) fn load_row(&mut self, ink: &InkList, window: &WindowGeometry, y: usize) {
        let (kernel, [above, left]) = (window.kernel[0] as u32, window.padding);
        let rows = window.rows(y);
        let [first, end] = [rows.start, rows.end].map(|row| ink.rows[window.row_at(y, row)] as usize);
        let pixels = &ink.pixels[first..end];
        let columns = &mut self.columns[..window.input.width * window.input.channels + 1];
        columns.fill(0);
        pixels.iter().for_each(|pixel| columns[pixel.column as usize] += 1);
        let mut sum = 0;
        for column in &mut *columns {
            sum += *column;
            *column = sum;
        }
        // The row of the window that lies on input row 0, were it there.
        let shift = above as i64 - (y * window.stride) as i64;
        for pixel in pixels.iter().rev() {
            let slot = &mut columns[pixel.column as usize];
            *slot -= 1;
            let padded = pixel.column + (left * window.input.channels) as u32;
            let row = padded * kernel + (i64::from(pixel.row) + shift) as u32;
            self.taps[*slot as usize] = SparseTap { row, value: pixel.value };
        }
    }

    /// What lies under the window at output column `x` of that row, and the row of weights that is
    /// to be taken for the first.
    pub(crate) fn taps(&self, window: &WindowGeometry, x: usize) -> (&[SparseTap], u32) {
        let channels = window.input.channels;
        let across = window.columns(x);
        let from = window.column_at(x, across.start) * channels;
        let taps = self.columns[from]..self.columns[from + across.len() * channels];
        let first = x * window.stride * channels * window.kernel[0];
        (&self.taps[taps.start as usize..taps.end as usize], first as u32)
    }
}
