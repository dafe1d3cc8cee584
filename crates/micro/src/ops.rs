//! Operators, a position at a time, in the order of `dabnet-engine`, so that their results are the same to the last bit.

use crate::{
    format::{header, stage, step},
    image::Image,
    step::{InputRows, Memory, Step},
};

/// Results as floats.
fn float(word: u32) -> f32 {
    f32::from_bits(word)
}

/// Convolution of the ink: products of the pixels that are not paper, column by column, channel by channel, summed
/// alternately in two sums.
pub(crate) fn ink_conv(
    step: &Step<'_>,
    x: usize,
    input: InputRows<'_>,
    ink: &[u8],
    memory: &mut Memory<'_>,
) -> Option<()> {
    let image = step.image;
    let (filters, side) = (step.out_channels, image.extent(header::SIDE)?);
    let (even, odd) = memory.results.split_at_mut_checked(filters)?;
    let odd = odd.get_mut(..filters)?;
    even.fill(0);
    odd.fill(0);
    let sums = [even, odd];
    let (looks, columns) = (image.index(header::INK)?, step.columns(x));
    let mut taps = 0;
    for column in 0..columns.count {
        for channel in 0..step.in_channels {
            for (row, place) in input.places.iter().enumerate() {
                let pixel = (channel * side + *place as usize) * side + columns.from + column;
                let value = image.float(looks + usize::from(*ink.get(pixel)?))?;
                if value == 0.0 {
                    continue;
                }
                let tap = ((columns.first + column) * step.in_channels + channel) * step.kernel_height
                    + input.first
                    + row;
                let weights = image.slice(step.weights.checked_add(tap.checked_mul(filters)?)?, filters)?;
                // Most ink is black, and a product with 1 the other factor.
                let sums = sums[taps % 2].iter_mut().zip(weights);
                if value == 1.0 {
                    sums.for_each(|(sum, weight)| *sum = (float(*sum) + float(*weight)).to_bits());
                } else {
                    sums.for_each(|(sum, weight)| *sum = (float(*sum) + value * float(*weight)).to_bits());
                }
                taps += 1;
            }
        }
    }
    let [even, odd] = sums;
    even.iter_mut().zip(odd).for_each(|(even, odd)| *even = (float(*even) + float(*odd)).to_bits());
    Some(())
}

/// Convolution of floats, summed in plain order.
pub(crate) fn float_conv(
    step: &Step<'_>,
    x: usize,
    input: InputRows<'_>,
    memory: &mut Memory<'_>,
) -> Option<()> {
    let (channels, columns) = (step.in_channels, step.columns(x));
    let dense = step.operator == step::DENSE_CONV;
    let len = step.kernel_height * step.kernel_width * channels;
    let words = if dense { len } else { len.div_ceil(4) };
    for filter in 0..step.out_channels {
        let weights = step.image.slice(step.weights.checked_add(filter.checked_mul(words)?)?, words)?;
        let mut sum = 0.0;
        for (row, &place) in input.places.iter().enumerate() {
            let values = memory
                .rows
                .get(place as usize + columns.from * channels..)?
                .get(..columns.count * channels)?;
            let first = ((input.first + row) * step.kernel_width + columns.first) * channels;
            for (at, value) in values.iter().enumerate() {
                let at = first + at;
                let weight = if dense {
                    float(*weights.get(at)?)
                } else {
                    f32::from((weights.get(at / 4)? >> (at % 4 * 8)) as i8)
                };
                sum += float(*value) * weight;
            }
        }
        let scale = if dense { 1.0 } else { step.image.float(step.factors.checked_add(filter)?)? };
        *memory.results.get_mut(filter)? = (sum * scale).to_bits();
    }
    Some(())
}

/// Convolution of signs or levels: `dot_factor · dot + sum_factor · Σ`, the dot product being that of signs and filter
/// signs, or twice that of levels.
pub(crate) fn bit_conv(
    step: &Step<'_>,
    x: usize,
    input: InputRows<'_>,
    memory: &mut Memory<'_>,
) -> Option<()> {
    let Memory { rows, results, window } = memory;
    let (units, columns, planes) = (step.units(), step.columns(x), step.in_planes);
    let run = columns.count * units;
    let plane_words = input.places.len() * run;
    let window = window.get_mut(..planes * plane_words)?;
    let mut ones = 0;
    for plane in 0..planes {
        for (row, &place) in input.places.iter().enumerate() {
            let from = place as usize + (plane * step.in_width + columns.from) * units;
            let bits = rows.get(from..)?.get(..run)?;
            window.get_mut(plane * plane_words + row * run..)?.get_mut(..run)?.copy_from_slice(bits);
            ones += bits.iter().map(|bits| bits.count_ones()).sum::<u32>() << plane;
        }
    }
    let whole = step.kernel_width * units;
    let words = step.kernel_height * whole;
    let first = input.first * whole + columns.first * units;
    let weights = step.image.slice(step.weights, step.out_channels.checked_mul(words)?)?;
    let [dots, sums] = [0, 1].map(|table| {
        step.image.slice(step.factors.checked_add(table * step.out_channels)?, step.out_channels)
    });
    // Whole rows of a window follow one another in a filter, too.
    let (runs, run) = if run == whole { (1, plane_words) } else { (input.places.len(), run) };
    let signs = step.operator == step::SIGN_CONV;
    let valid = (input.places.len() * columns.count * step.in_channels) as i32;
    let total = if signs { (2 * ones as i32 - valid) as f32 } else { ones as f32 };
    let filters = weights.chunks_exact(words.max(1)).zip(dots?.iter().zip(sums?));
    for (result, (weights, (dot_factor, sum_factor))) in results.iter_mut().zip(filters) {
        let mut count = 0;
        for row in 0..runs {
            let weights = weights.get(first + row * whole..)?.get(..run)?;
            let bits = |plane: usize| window.get(plane * plane_words + row * run..)?.get(..run);
            count += match (signs, planes) {
                (true, _) => differing(weights, bits(0)?),
                (false, 2) => common_of_two(weights, bits(0)?, bits(1)?),
                (false, _) => (0..planes)
                    .try_fold(0, |sum, plane| Some(sum + (common(weights, bits(plane)?) << plane)))?,
            };
        }
        let dot = if signs { valid - 2 * count as i32 } else { 2 * (2 * count as i32 - ones as i32) };
        *result = (float(*dot_factor) * dot as f32 + float(*sum_factor) * total).to_bits();
    }
    Some(())
}

/// Number of bits that differ.
fn differing(weights: &[u32], bits: &[u32]) -> u32 {
    weights.iter().zip(bits).map(|(weight, bits)| (weight ^ bits).count_ones()).sum()
}

/// Sum of the levels, of two planes, whose weight is 1.
fn common_of_two(weights: &[u32], low: &[u32], high: &[u32]) -> u32 {
    if cfg!(not(any(target_arch = "arm", target_arch = "riscv32"))) {
        return common(weights, low) + 2 * common(weights, high);
    }
    let mut sum = LevelSum::default();
    let (weights, last_weights) = weights.as_chunks();
    let ((low, last_low), (high, last_high)) = (low.as_chunks(), high.as_chunks());
    for (weights, (low, high)) in weights.iter().zip(low.iter().zip(high)) {
        sum.add(weights, low, high);
    }
    if !last_weights.is_empty() {
        let padded = |words: &[u32]| core::array::from_fn(|at| words.get(at).copied().unwrap_or(0));
        sum.add(&padded(last_weights), &padded(last_low), &padded(last_high));
    }
    sum.total()
}

/// Sum of levels of two planes, kept as counters of every bit's place, since these processors count no ones (Harley and
/// Seal's carry-save adders, in Warren, *Hacker's Delight*, section 5-1).
#[derive(Default)]
struct LevelSum {
    ones: u32,
    twos: u32,
    fours: u32,
    eights: u32,
}

impl LevelSum {
    /// Adds the levels of four words whose weight is 1.
    fn add(&mut self, weights: &[u32; 4], low: &[u32; 4], high: &[u32; 4]) {
        let [low, high] =
            [low, high].map(|bits| -> [u32; 4] { core::array::from_fn(|at| weights[at] & bits[at]) });
        let two = [carry_save(&mut self.ones, low[0], low[1]), carry_save(&mut self.ones, low[2], low[3])];
        let four = [
            carry_save(&mut self.twos, high[0], high[1]),
            carry_save(&mut self.twos, high[2], high[3]),
            carry_save(&mut self.twos, two[0], two[1]),
        ];
        let eight = carry_save(&mut self.fours, four[0], four[1]);
        let other = self.fours & four[2];
        self.fours ^= four[2];
        self.eights += eight.count_ones() + other.count_ones();
    }

    const fn total(&self) -> u32 {
        self.ones.count_ones() + 2 * self.twos.count_ones() + 4 * self.fours.count_ones() + 8 * self.eights
    }
}

/// Adds two bits to each of a counter's, and returns the carries.
const fn carry_save(counter: &mut u32, a: u32, b: u32) -> u32 {
    let differs = *counter ^ a;
    let carry = *counter & a | differs & b;
    *counter = differs ^ b;
    carry
}

/// Number of bits whose weight is 1.
fn common(weights: &[u32], bits: &[u32]) -> u32 {
    weights.iter().zip(bits).map(|(weight, bits)| (weight & bits).count_ones()).sum()
}

/// Adds rows to the sums, or the maxima, of a pooling.
pub(crate) fn pool_floats(
    step: &Step<'_>,
    begins: bool,
    input: InputRows<'_>,
    sums: usize,
    rows: &mut [u32],
) -> Option<()> {
    let (channels, largest) = (step.out_channels, step.operator == step::MAX_POOL);
    for x in 0..step.out_width {
        let (columns, at) = (step.columns(x), sums + x * channels);
        if begins {
            let start: f32 = if largest { f32::NEG_INFINITY } else { 0.0 };
            rows.get_mut(at..at + channels)?.fill(start.to_bits());
        }
        for &place in input.places {
            for column in 0..columns.count {
                let from = place as usize + (columns.from + column) * channels;
                for channel in 0..channels {
                    let value = float(*rows.get(from + channel)?);
                    let sum = rows.get_mut(at + channel)?;
                    let next = if largest {
                        if value > float(*sum) { value } else { float(*sum) }
                    } else {
                        float(*sum) + value
                    };
                    *sum = next.to_bits();
                }
            }
        }
    }
    Some(())
}

/// Results of a pooling, from its sums or maxima over windows of so many rows.
pub(crate) fn pooled(
    step: &Step<'_>,
    x: usize,
    height: usize,
    sums: &[u32],
    results: &mut [u32],
) -> Option<()> {
    let sums = sums.get(x * step.out_channels..)?.get(..step.out_channels)?;
    let results = results.get_mut(..step.out_channels)?;
    results.copy_from_slice(sums);
    if step.operator == step::AVERAGE_POOL {
        let scale = 1.0 / (height * step.columns(x).count) as f32;
        results.iter_mut().for_each(|sum| *sum = (float(*sum) * scale).to_bits());
    }
    Some(())
}

/// Maximum pooling of bits, in place of their row.
pub(crate) fn pool_bits(
    step: &Step<'_>,
    [begins, ends]: [bool; 2],
    input: InputRows<'_>,
    most: usize,
    rows: &mut [u32],
) -> Option<()> {
    let (units, planes) = (step.units(), step.in_planes);
    for x in 0..step.out_width {
        let columns = step.columns(x);
        for unit in 0..units {
            let at = |plane: usize| most + (plane * step.out_width + x) * units + unit;
            let mut found = [0; 4];
            if !begins {
                for (plane, found) in found[..planes].iter_mut().enumerate() {
                    *found = *rows.get(at(plane))?;
                }
            }
            for &place in input.places {
                for column in columns.from..columns.from + columns.count {
                    let mut other = [0; 4];
                    for (plane, other) in other[..planes].iter_mut().enumerate() {
                        *other =
                            *rows.get(place as usize + (plane * step.in_width + column) * units + unit)?;
                    }
                    found = greatest(found, other);
                }
            }
            let inverted = if ends { step.image.word(step.weights.checked_add(unit)?)? } else { 0 };
            for (plane, found) in found[..planes].iter().enumerate() {
                *rows.get_mut(at(plane))? = found ^ inverted;
            }
        }
    }
    Some(())
}

/// Bitwise maximum of two numbers in planes, the least significant first.
fn greatest(a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
    // Bits at which `b` is greater, and bits at which both are equal so far, from the highest plane down.
    let (greater, _) = (0..4).rev().fold((0, u32::MAX), |(greater, equal), plane| {
        (greater | equal & b[plane] & !a[plane], equal & !(a[plane] ^ b[plane]))
    });
    core::array::from_fn(|plane| a[plane] & !greater | b[plane] & greater)
}

/// The network's view of the ink.
pub(crate) fn load_ink(
    step: &Step<'_>,
    x: usize,
    input: InputRows<'_>,
    ink: &[u8],
    memory: &mut Memory<'_>,
) -> Option<()> {
    let (image, row) = (step.image, *input.places.first()? as usize);
    let (side, looks) = (image.extent(header::SIDE)?, image.index(header::INK)?);
    for (channel, result) in memory.results.get_mut(..step.out_channels)?.iter_mut().enumerate() {
        let ink = *ink.get((channel * side + row) * side + x)?;
        *result = image.word(looks.checked_add(usize::from(ink))?)?;
    }
    Some(())
}

/// The input's floats.
pub(crate) fn load(step: &Step<'_>, x: usize, input: InputRows<'_>, memory: &mut Memory<'_>) -> Option<()> {
    let values = memory.rows.get(*input.places.first()? as usize..)?.get(x * step.out_channels..)?;
    memory.results.get_mut(..step.out_channels)?.copy_from_slice(values.get(..step.out_channels)?);
    Some(())
}

/// The input's bits as floats.
pub(crate) fn decode(step: &Step<'_>, x: usize, input: InputRows<'_>, memory: &mut Memory<'_>) -> Option<()> {
    let Memory { rows, results, .. } = memory;
    let rows = rows.get(*input.places.first()? as usize..)?;
    for (channel, result) in results.get_mut(..step.out_channels)?.iter_mut().enumerate() {
        let mut level = 0;
        for plane in 0..step.in_planes {
            let unit = (plane * step.in_width + x) * step.units() + channel / 32;
            level |= (rows.get(unit)? >> (channel % 32) & 1) << plane;
        }
        let value = match step.operator {
            step::DECODE_SIGNS => {
                if level == 0 {
                    -1.0
                } else {
                    1.0
                }
            }
            _ => step.image.float(step.factors)? * level as f32,
        };
        *result = value.to_bits();
    }
    Some(())
}

/// Applies a stage to the results of one position.
pub(crate) fn apply(
    image: Image<'_>,
    stage: &[u32; stage::WORDS],
    row: &[u32],
    results: &mut [u32],
) -> Option<()> {
    let table = |table: usize| image.slice(stage[table] as usize, results.len());
    match stage[0] {
        stage::AFFINE => {
            let (scale, shift) = (table(1)?, table(2)?);
            for (x, (scale, shift)) in results.iter_mut().zip(scale.iter().zip(shift)) {
                *x = (float(*scale) * float(*x) + float(*shift)).to_bits();
            }
        }
        // Floats above 0 are integers above 0, and not above infinity.
        stage::RELU => results.iter_mut().for_each(|x| *x = if (1..=INFINITY).contains(x) { *x } else { 0 }),
        stage::RPRELU => {
            let (threshold, slope, shift) = (table(1)?, table(2)?, table(3)?);
            let tables = threshold.iter().zip(slope.iter().zip(shift));
            for (x, (threshold, (slope, shift))) in results.iter_mut().zip(tables) {
                let above = float(*x) - float(*threshold);
                *x = ((if above > 0.0 { above } else { float(*slope) * above }) + float(*shift)).to_bits();
            }
        }
        stage::CLIP => {
            let (low, high) = (image.float(stage[1] as usize)?, image.float(stage[2] as usize)?);
            each(results, |x| {
                let raised = if x > low { x } else { low };
                if raised < high { raised } else { high }
            });
        }
        stage::BIAS => add(results, table(1)?),
        stage::ADD => add(results, row.get(..results.len())?),
        _ => return None,
    }
    Some(())
}

fn each(results: &mut [u32], function: impl Fn(f32) -> f32) {
    results.iter_mut().for_each(|x| *x = function(float(*x)).to_bits());
}

fn add(results: &mut [u32], row: &[u32]) {
    results.iter_mut().zip(row).for_each(|(x, y)| *x = (float(*x) + float(*y)).to_bits());
}

/// Bits of infinity.
const INFINITY: u32 = f32::INFINITY.to_bits();
/// Bit of the sign.
const SIGN: u32 = 1 << 31;

/// An integer that is at least another where a float, given as its bits, is at least the other; `nan` for what is no number.
const fn ordered(bits: u32, nan: i32) -> i32 {
    match bits {
        SIGN => 0,
        _ if bits & !SIGN > INFINITY => nan,
        _ => (bits ^ ((bits as i32 >> 31) as u32 >> 1)) as i32,
    }
}

/// Encodes the results of one position as the number of thresholds that they reach, in planes.
pub(crate) fn compare(
    step: &Step<'_>,
    &[planes, signs, thresholds]: &[u32; 3],
    x: usize,
    results: &[u32],
    row: &mut [u32],
) -> Option<()> {
    let (channels, planes) = (step.out_channels, (planes as usize).min(4));
    let units = channels.div_ceil(32);
    let signs = step.image.slice(signs as usize, channels)?;
    let levels = (1 << planes) - 1;
    let thresholds = step.image.slice(thresholds as usize, levels * channels)?;
    for (unit, results) in results.chunks(32).enumerate() {
        let mut bits = [0; 4];
        for (lane, (result, sign)) in results.iter().zip(signs.get(32 * unit..)?).enumerate() {
            let value = ordered(result ^ sign & SIGN, i32::MIN);
            let at = thresholds.get(32 * unit + lane..)?;
            let level = at.iter().step_by(channels).filter(|at| value >= ordered(**at, i32::MAX)).count();
            (0..planes).for_each(|plane| bits[plane] |= (level as u32 >> plane & 1) << lane);
        }
        for (plane, bits) in bits[..planes].iter().enumerate() {
            *row.get_mut((plane * step.out_width + x) * units + unit)? = *bits;
        }
    }
    Some(())
}
