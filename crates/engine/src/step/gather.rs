use super::ChannelSlice;
use crate::{touched::Place, window::Window};

/// Copies the window at `place`, zeros where it sticks out; what lies behind a whole window stays as it
/// is.
pub(super) fn gather(
    window: &Window,
    channels: ChannelSlice,
    source: &[f32],
    place: Place,
    column: &mut [f32],
) {
    let ChannelSlice { all, first, count } = channels;
    let (rows, across) = (window.rows(place.y()), window.columns(place.x()));
    let column = &mut column[..window.taps() * count];
    if rows.len() * across.len() < window.taps() {
        column.fill(0.0);
    }
    let x = window.column_at(place.x(), across.start);
    for row in rows {
        let from = (window.row_at(place.y(), row) * window.input.width + x) * all;
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
