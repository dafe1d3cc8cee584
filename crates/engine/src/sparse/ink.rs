use dabnet_graph::Shape;

use super::active_mask::ActiveMask;
use crate::{plan::WindowGeometry, simd::SparseTap};

/// Capacity for the ink of an input, in elements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InkCapacity {
    /// Elements of the input.
    elements: usize,
    /// Elements per row.
    row: usize,
    /// Number of rows.
    rows: usize,
    /// Elements of the rows under one row of windows.
    band: usize,
}

impl InkCapacity {
    /// Capacity for a step with windows on the input.
    pub(crate) fn of(window: &WindowGeometry) -> Self {
        let row = window.input.width * window.input.channels;
        Self {
            elements: window.input.elements(),
            row,
            rows: window.input.height,
            band: window.kernel[0] * row,
        }
    }

    /// Returns the maximum of both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            elements: self.elements.max(other.elements),
            row: self.row.max(other.row),
            rows: self.rows.max(other.rows),
            band: self.band.max(other.band),
        }
    }
}

/// Non-zero elements of a canvas in row-major order.
#[derive(Debug)]
pub(crate) struct InkList {
    pixels: Vec<InkPixel>,
    /// Offset of each row.
    rows: Vec<u32>,
}

/// Non-zero element.
#[derive(Clone, Copy, Debug)]
struct InkPixel {
    row: u32,
    /// Index in the row, over all channels.
    column: u32,
    value: f32,
}

/// Non-zero elements under one row of windows in column-major order.
///
/// A window covers a range of columns, so its elements are contiguous here and need not be gathered.
#[derive(Debug)]
pub(crate) struct InkBand {
    taps: Vec<SparseTap>,
    /// Offset of each column.
    columns: Vec<u32>,
}

impl InkList {
    /// Allocates a list of the given capacity.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { pixels: Vec::with_capacity(capacity.elements), rows: Vec::with_capacity(capacity.rows + 1) }
    }

    /// Bytes of a list.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<InkPixel>() * capacity.elements + 4 * (capacity.rows + 1)) as u64
    }

    /// Collects the non-zero elements of a canvas, all of which are `active`; without a mask, clears the
    /// list.
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

    /// True if elements were collected.
    pub(crate) fn is_listed(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl InkBand {
    /// Allocates a band of the given capacity.
    pub(crate) fn new(capacity: InkCapacity) -> Self {
        Self { taps: vec![SparseTap::default(); capacity.band], columns: vec![0; capacity.row + 1] }
    }

    /// Bytes of a band.
    pub(crate) fn bytes(capacity: InkCapacity) -> u64 {
        (size_of::<SparseTap>() * capacity.band + 4 * (capacity.row + 1)) as u64
    }

    /// Loads the elements under the windows of output row `y`.
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
        // Window row that lies on input row 0, or would.
        let shift = above as i64 - (y * window.stride) as i64;
        for pixel in pixels.iter().rev() {
            let slot = &mut columns[pixel.column as usize];
            *slot -= 1;
            let padded = pixel.column + (left * window.input.channels) as u32;
            let row = padded * kernel + (i64::from(pixel.row) + shift) as u32;
            self.taps[*slot as usize] = SparseTap { row, value: pixel.value };
        }
    }

    /// Returns the non-zero taps of the window at output column `x`, and the weight row of its first element.
    pub(crate) fn taps(&self, window: &WindowGeometry, x: usize) -> (&[SparseTap], u32) {
        let channels = window.input.channels;
        let across = window.columns(x);
        let from = window.column_at(x, across.start) * channels;
        let taps = self.columns[from]..self.columns[from + across.len() * channels];
        let first = x * window.stride * channels * window.kernel[0];
        (&self.taps[taps.start as usize..taps.end as usize], first as u32)
    }
}
