//! Grey values that are computed with, and morphology on them (Serra, *Image Analysis and Mathematical Morphology*, 1982).

/// Longer side at which a picture is looked at: finer than lines are traced, and coarse enough to average noise.
pub(super) const SIDE: usize = 640;

/// Grey values that are computed with.
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

    /// Each value with its neighbours, by 1, 2, 1.
    pub(crate) fn blurred(self) -> Self {
        self.along_both(|line| {
            let at = |index: usize| line[index.min(line.len() - 1)];
            (0..line.len()).map(|i| (at(i.saturating_sub(1)) + 2.0 * at(i) + at(i + 1)) / 4.0).collect()
        })
    }

    /// What is dark and narrower than the window filled in; what goes on beyond the edges is not narrow.
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

    /// What is larger than what lies around and narrower than the window taken away; what goes on beyond the edges is not
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
