use crate::{plan::WindowGeometry, sparse::GridPosition};

/// A range of a value's channels: one group of a convolution, or all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelSlice {
    /// Channels of the whole value.
    pub(crate) all: usize,
    pub(crate) first: usize,
    pub(crate) count: usize,
}

impl ChannelSlice {
    pub(crate) const fn all(channels: usize) -> Self {
        Self { all: channels, first: 0, count: channels }
    }

    pub(crate) const fn is_all(&self) -> bool {
        self.count == self.all
    }
}

/// Copies the window at `position`, with zeros for padding; elements beyond a whole window are unchanged.
pub(super) fn gather(
    window: &WindowGeometry,
    channels: ChannelSlice,
    source: &[f32],
    position: GridPosition,
    column: &mut [f32],
) {
    let ChannelSlice { all, first, count } = channels;
    let (rows, across) = (window.rows(position.y()), window.columns(position.x()));
    let column = &mut column[..window.taps() * count];
    if rows.len() * across.len() < window.taps() {
        column.fill(0.0);
    }
    let x = window.column_at(position.x(), across.start);
    for row in rows {
        let from = (window.row_at(position.y(), row) * window.input.width + x) * all;
        let to = &mut column[(row * window.kernel[1] + across.start) * count..][..across.len() * count];
        let from = &source[from..from + across.len() * all];
        if channels.is_all() {
            to.copy_from_slice(from);
            continue;
        }
        for (to, from) in to.chunks_exact_mut(count).zip(from.chunks_exact(all)) {
            to.copy_from_slice(&from[first..first + count]);
        }
    }
}
