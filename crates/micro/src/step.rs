use crate::{
    format::{self, BEGIN, END, HEIGHT, ROWS, comparison, stage, step},
    image::Image,
    ops,
};

/// Memory of a run: rows of values, then the results of one position, then the bits of one window.
pub(crate) struct Memory<'m> {
    pub(crate) rows: &'m mut [u32],
    pub(crate) results: &'m mut [u32],
    pub(crate) window: &'m mut [u32],
}

/// A step of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) image: Image<'a>,
    /// Offset of its record.
    at: usize,
    pub(crate) operator: u32,
    pub(crate) in_width: usize,
    pub(crate) in_channels: usize,
    pub(crate) in_planes: usize,
    pub(crate) out_width: usize,
    pub(crate) out_channels: usize,
    pub(crate) kernel_height: usize,
    pub(crate) kernel_width: usize,
    stride: usize,
    left: usize,
    pub(crate) weights: usize,
    pub(crate) factors: usize,
}

/// Rows that a step reads now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputRows<'a> {
    /// First window row.
    pub(crate) first: usize,
    /// Place of each row.
    pub(crate) places: &'a [u32],
}

/// The part of a window, in one row, that lies on the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowColumns {
    /// First window column.
    pub(crate) first: usize,
    /// First input column.
    pub(crate) from: usize,
    pub(crate) count: usize,
}

impl<'a> Step<'a> {
    /// Reads a step's record.
    pub(crate) fn new(image: Image<'a>, at: usize) -> Option<Self> {
        let extent = |field: usize| image.extent(at.checked_add(field)?);
        let index = |field: usize| image.index(at.checked_add(field)?);
        Some(Self {
            image,
            at,
            operator: image.word(at.checked_add(step::OPERATOR)?)?,
            in_width: extent(step::IN_WIDTH)?,
            in_channels: extent(step::IN_CHANNELS)?,
            in_planes: extent(step::IN_PLANES)?.min(4),
            out_width: extent(step::OUT_WIDTH)?,
            out_channels: extent(step::OUT_CHANNELS)?,
            kernel_height: extent(step::KERNEL_HEIGHT)?,
            kernel_width: extent(step::KERNEL_WIDTH)?,
            stride: extent(step::STRIDE)?,
            left: extent(step::LEFT)?,
            weights: index(step::WEIGHTS)?,
            factors: index(step::FACTORS)?,
        })
    }

    /// Words of one position's bits.
    pub(crate) const fn units(&self) -> usize {
        self.in_channels.div_ceil(32)
    }

    /// The columns under the window of an output column.
    pub(crate) fn columns(&self, x: usize) -> WindowColumns {
        let start = x * self.stride;
        let first = self.left.saturating_sub(start);
        let end = (self.in_width + self.left).saturating_sub(start).min(self.kernel_width);
        WindowColumns {
            first,
            from: start + first - self.left.min(start + first),
            count: end.saturating_sub(first),
        }
    }

    /// Runs one entry of the schedule, of which `words` are what is left, and returns those behind it.
    pub(crate) fn run<'s>(
        &self,
        flags: u32,
        words: &'s [u32],
        ink: &[u8],
        memory: &mut Memory<'_>,
    ) -> Option<&'s [u32]> {
        let (rows, words) = words.split_first()?;
        let (places, words) = words.split_at_checked((rows / ROWS) as usize)?;
        let input = InputRows { first: (rows % ROWS) as usize, places };
        let mut words = Places(words);
        match self.operator {
            step::MAX_POOL | step::AVERAGE_POOL => {
                let sums = words.next()?;
                ops::pool_floats(self, flags & BEGIN != 0, input, sums, memory.rows)?;
                if flags & END != 0 {
                    let height = (flags / HEIGHT) as usize;
                    self.finish(&mut words, memory, |step, x, memory| {
                        ops::pooled(step, x, height, memory.rows.get(sums..)?, memory.results)
                    })?;
                }
            }
            step::BIT_MAX_POOL => {
                let most = words.next()?;
                ops::pool_bits(self, [BEGIN, END].map(|flag| flags & flag != 0), input, most, memory.rows)?;
            }
            _ => self.finish(&mut words, memory, |step, x, memory| match step.operator {
                step::INK_CONV => ops::ink_conv(step, x, input, ink, memory),
                step::FLOAT_CONV | step::DENSE_CONV => ops::float_conv(step, x, input, memory),
                step::SIGN_CONV | step::LEVEL_CONV => ops::bit_conv(step, x, input, memory),
                step::LOAD_INK => ops::load_ink(step, x, input, ink, memory),
                step::LOAD => ops::load(step, x, input, memory),
                step::DECODE_SIGNS | step::DECODE_LEVELS => ops::decode(step, x, input, memory),
                _ => None,
            })?,
        }
        Some(words.0)
    }

    /// Computes the results of every position and passes them through stages, to the stored row, and to comparisons.
    fn finish(
        &self,
        words: &mut Places<'_>,
        memory: &mut Memory<'_>,
        compute: impl Fn(&Self, usize, &mut Memory<'_>) -> Option<()>,
    ) -> Option<()> {
        let field = |field: usize| self.image.index(self.at + field);
        let stages =
            self.image.slice(field(step::STAGES)?, field(step::STAGE_COUNT)?.checked_mul(stage::WORDS)?)?;
        let (stages, _) = stages.as_chunks::<{ stage::WORDS }>();
        let added = words.take(stages.iter().filter(|stage| stage[0] == stage::ADD).count())?;
        let (stride, first) = (field(step::STORE_STRIDE)?, field(step::STORE_FIRST)?);
        let store = if stride > 0 { Some(words.next()?) } else { None };
        let count = field(step::COMPARISON_COUNT)?;
        let comparisons =
            self.image.slice(field(step::COMPARISONS)?, count.checked_mul(comparison::WORDS)?)?;
        let (comparisons, _) = comparisons.as_chunks::<{ comparison::WORDS }>();
        let compared = words.take(count)?;
        for x in 0..self.out_width {
            compute(self, x, memory)?;
            let Memory { rows, results, .. } = memory;
            let results = results.get_mut(..self.out_channels)?;
            let mut added = added.iter();
            for stage in stages {
                let row = match stage[0] {
                    stage::ADD => rows.get(*added.next()? as usize..)?.get(x * self.out_channels..)?,
                    _ => &[],
                };
                ops::apply(self.image, stage, row, results)?;
            }
            if let Some(place) = store {
                let at = place.checked_add(x.checked_mul(stride)?)?.checked_add(first)?;
                rows.get_mut(at..)?.get_mut(..self.out_channels)?.copy_from_slice(results);
            }
            for (comparison, &place) in comparisons.iter().zip(compared) {
                ops::compare(self, comparison, x, results, rows.get_mut(place as usize..)?)?;
            }
        }
        Some(())
    }
}

/// Places that an entry has left.
struct Places<'s>(&'s [u32]);

impl<'s> Places<'s> {
    fn next(&mut self) -> Option<usize> {
        Some(self.take(1)?[0] as usize)
    }

    fn take(&mut self, count: usize) -> Option<&'s [u32]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Runs a whole schedule.
pub(crate) fn run_schedule(image: Image<'_>, ink: &[u8], memory: &mut Memory<'_>) -> Option<()> {
    use format::header;

    let (first, end) = (image.index(header::SCHEDULE)?, image.index(header::SCHEDULE_END)?);
    let (steps, count) = (image.index(header::STEPS)?, image.index(header::STEP_COUNT)?);
    let mut words = image.slice(first, end.checked_sub(first)?)?;
    while let Some((&entry, rest)) = words.split_first() {
        let step = Some((entry % BEGIN) as usize).filter(|&step| step < count)?;
        let step = Step::new(image, steps.checked_add(step * step::WORDS)?)?;
        words = step.run(entry, rest, ink, memory)?;
    }
    Some(())
}
