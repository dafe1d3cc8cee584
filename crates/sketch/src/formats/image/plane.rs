//! Rasters that pictures are analyzed in: bytes of gray or ink, floats, and morphology on them (Serra, *Image Analysis and
//! Mathematical Morphology*, 1982).

/// The least difference between paper and ink, of 255; less is noise.
pub(super) const MIN_CONTRAST: u8 = 16;
/// Share of a ring of pixels that is of one gray where it is a part of a frame.
const RING: f32 = 0.95;
/// Breadth up to which marked pixels are lines, as a share of the longer side.
const LINE: f32 = 0.04;
/// Longer side at which a picture is looked at: finer than lines are traced, and coarse enough to average noise.
pub(super) const SIDE: usize = 640;

/// Gray values that are computed with.
#[derive(Clone)]
pub(super) struct FloatPlane {
    pub width: usize,
    pub values: Vec<f32>,
}

impl FloatPlane {
    /// A picture of so many pixels a row with squares of its pixels averaged, so that no side is longer than `side`.
    pub(crate) fn reduced(values: &[u8], width: usize, side: usize) -> Self {
        let height = values.len() / width;
        let factor = width.max(height).div_ceil(side).max(1);
        let (across, down) = ((width / factor).max(1), (height / factor).max(1));
        let mean = |x: usize, y: usize| {
            let rows = (y * factor..((y + 1) * factor).min(height)).map(|row| row * width + x * factor);
            let end = factor.min(width - x * factor);
            let (mut sum, mut count) = (0u32, 0u32);
            for start in rows {
                sum += values[start..start + end].iter().map(|value| u32::from(*value)).sum::<u32>();
                count += end as u32;
            }
            sum as f32 / count as f32
        };
        let values = (0..across * down).map(|at| mean(at % across, at / across)).collect();
        Self { width: across, values }
    }

    pub(crate) fn height(&self) -> usize {
        self.values.len() / self.width
    }

    pub(crate) fn longer(&self) -> usize {
        self.width.max(self.height())
    }

    pub(crate) fn negative(self) -> Self {
        Self { values: self.values.iter().map(|value| 255.0 - value).collect(), ..self }
    }

    /// Each value with its neighbors, by 1, 2, 1.
    pub(crate) fn blurred(self) -> Self {
        self.along_both(|line| {
            let at = |index: usize| line[index.min(line.len() - 1)];
            (0..line.len()).map(|i| (at(i.saturating_sub(1)) + 2.0 * at(i) + at(i + 1)) / 4.0).collect()
        })
    }

    /// Morphological closing: fills dark parts narrower than the window; parts that reach the edges are not narrow.
    pub(crate) fn closed(&self, radius: usize) -> Self {
        let beyond = 2 * radius;
        let wide = |line: &[f32]| {
            let ends = [line[0], line[line.len() - 1]].map(|end| std::iter::repeat_n(end, beyond));
            let [before, after] = ends;
            before.chain(line.iter().copied()).chain(after).collect()
        };
        self.clone()
            .along_both(wide)
            .along_both(|line| extreme(line, radius, f32::max))
            .along_both(|line| extreme(line, radius, f32::min))
            .along_both(|line| line[beyond..line.len() - beyond].to_vec())
    }

    /// Morphological opening: removes bright parts narrower than the window; parts that reach the edges are not
    /// narrow.
    pub(crate) fn opened(self, radius: usize) -> Self {
        self.negative().closed(radius).negative()
    }

    /// The least value in a window around each.
    pub(crate) fn least_around(&self, radius: usize) -> Self {
        self.clone().along_both(|line| extreme(line, radius, f32::min))
    }

    /// Every row changed, then every column.
    pub(crate) fn along_both(self, change: impl Fn(&[f32]) -> Vec<f32>) -> Self {
        let height = self.height();
        let rows: Vec<f32> = self.values.chunks_exact(self.width).flat_map(&change).collect();
        let width = rows.len() / height;
        let columns: Vec<f32> = transposed(&rows, width).chunks_exact(height).flat_map(&change).collect();
        Self { width, values: transposed(&columns, columns.len() / width) }
    }
}

fn transposed(values: &[f32], width: usize) -> Vec<f32> {
    let height = values.len() / width;
    (0..values.len()).map(|at| values[at % height * width + at / height]).collect()
}

/// The extreme value in a window around each, whatever its width in the same time (van Herk, 1992).
pub(super) fn extreme(line: &[f32], radius: usize, of: fn(f32, f32) -> f32) -> Vec<f32> {
    let window = 2 * radius + 1;
    // What changes nothing.
    let neutral = -of(f32::NEG_INFINITY, f32::INFINITY);
    let at = |index: usize| {
        index.checked_sub(radius).and_then(|index| line.get(index)).copied().unwrap_or(neutral)
    };
    let length = (line.len() + 2 * radius).next_multiple_of(window);
    let (mut forward, mut backward) = (vec![neutral; length], vec![neutral; length]);
    for index in 0..length {
        let before = if index.is_multiple_of(window) { neutral } else { forward[index - 1] };
        forward[index] = of(before, at(index));
    }
    for index in (0..length).rev() {
        let after = if (index + 1).is_multiple_of(window) { neutral } else { backward[index + 1] };
        backward[index] = of(after, at(index));
    }
    (0..line.len()).map(|index| of(backward[index], forward[index + window - 1])).collect()
}

/// Gray values, row by row.
pub(super) struct GrayPlane {
    pub width: usize,
    pub values: Vec<u8>,
}

/// Ink, row by row: 0 is paper and 255 the farthest from it.
pub(in crate::formats) struct InkPlane {
    pub width: usize,
    pub values: Vec<u8>,
}

impl GrayPlane {
    pub(crate) fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// A part of it.
    pub(crate) fn part(&self, part: PixelRect) -> Self {
        let rows = self.values.chunks_exact(self.width).skip(part.top).take(part.height);
        let values = rows.flat_map(|row| &row[part.left..part.left + part.width]).copied().collect();
        Self { width: part.width, values }
    }

    /// Without so many pixels on each side.
    pub(super) fn inner(&self, border: usize) -> Self {
        let (width, height) = (self.width - 2 * border, self.height() - 2 * border);
        self.part(PixelRect { left: border, top: border, width, height })
    }

    /// The pixels that lie so far from the nearest edge.
    pub(crate) fn ring(&self, depth: usize) -> Vec<u8> {
        let (width, last) = (self.width, self.height() - 1 - depth);
        let row = |y: usize| &self.values[y * width..][depth..width - depth];
        let sides = (depth + 1..last).flat_map(|y| [row(y)[0], row(y)[width - 2 * depth - 1]]);
        row(depth).iter().chain(row(last)).copied().chain(sides).collect()
    }
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelRect {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl PixelRect {
    /// The same without a margin, if that leaves something.
    pub(super) fn inset(self, share: f32) -> Option<Self> {
        let margin = (share * self.width.min(self.height) as f32).ceil() as usize;
        let [width, height] = [self.width, self.height].map(|side| side.saturating_sub(2 * margin));
        let part = Self { left: self.left + margin, top: self.top + margin, width, height };
        (width.min(height) > 2 * margin).then_some(part)
    }
}

/// Pixels of some kind.
pub(super) struct MarkedArea {
    /// Number of marked pixels.
    pub area: usize,
    /// True if most are of lines: an area has less edge.
    pub is_lines: bool,
}

impl MarkedArea {
    pub(crate) fn of(count: usize, width: usize, is_marked: impl Fn(usize) -> bool) -> Self {
        let (mut area, mut edge) = (0usize, 0usize);
        for at in (0..count).filter(|at| is_marked(*at)) {
            let (x, y) = (at % width, at / width);
            let inside = x > 0 && x + 1 < width && y > 0 && at + width < count;
            area += 1;
            edge +=
                usize::from(!inside || ![at - 1, at + 1, at - width, at + width].into_iter().all(&is_marked));
        }
        let longer = width.max(count / width);
        let breadth = 2.0 * area as f32 / edge.max(1) as f32;
        Self { area, is_lines: breadth <= 2.0 + LINE * longer as f32 }
    }
}

/// The median of some pixels, and whether about all are near it.
pub(super) fn uniform(mut ring: Vec<u8>) -> (u8, bool) {
    let count = ring.len();
    let median = *ring.select_nth_unstable(count / 2).1;
    let near = ring.iter().filter(|gray| gray.abs_diff(median) < MIN_CONTRAST).count();
    (median, near as f32 >= RING * count as f32)
}
