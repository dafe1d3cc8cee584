use dabnet_micro::format::{self, comparison, header, stage, step};

use super::firmware;
use crate::{
    error::EngineError,
    ops::{CompiledStep, EpilogueOp, OperatorRecord, StepEpilogue},
    plan::{PlannedValue, WindowGeometry},
    program::INPUT,
    simd::{BitEncoding, planes_of, units},
};

/// An image that is being written: the header, then tables as they come.
pub(super) struct ImageWords {
    words: Vec<u32>,
}

/// Record of a step, and what it takes.
pub(super) struct StepRecord {
    pub(super) words: [u32; step::WORDS],
    /// Words of a position's results.
    pub(super) results: usize,
    /// Words of a window's bits.
    pub(super) window: usize,
}

impl ImageWords {
    pub(super) fn new() -> Self {
        let mut words = vec![0; header::WORDS];
        words[header::MAGIC] = format::MAGIC;
        words[header::VERSION] = format::VERSION;
        Self { words }
    }

    /// Sets a word of the header.
    pub(super) fn set(&mut self, field: usize, value: usize) {
        self.words[field] = value as u32;
    }

    /// Adds a table, sets its offset in the header, and returns that.
    pub(super) fn set_words(&mut self, field: usize, table: &[u32]) -> usize {
        let at = self.table(table.iter().copied());
        self.set(field, at);
        at
    }

    pub(super) fn set_floats(&mut self, field: usize, table: &[f32]) {
        let at = self.floats(table);
        self.set(field, at);
    }

    pub(super) fn set_labels(&mut self, labels: &[String]) {
        let ends = labels.iter().scan(0, |end, label| {
            *end += label.len() as u32;
            Some(*end)
        });
        let ends: Vec<u32> = [0].into_iter().chain(ends).collect();
        self.set_words(header::LABELS, &ends);
        self.set(header::LABEL_COUNT, labels.len());
        let text = packed(labels.concat().as_bytes());
        self.set_words(header::LABEL_TEXT, &text);
    }

    /// The whole image with its length and checksum.
    pub(super) fn finish(mut self) -> Vec<u32> {
        self.set(header::LEN, self.words.len());
        let content: Vec<u8> =
            self.words[header::CHECKSUM + 1..].iter().flat_map(|word| word.to_le_bytes()).collect();
        self.words[header::CHECKSUM] = crc32fast::hash(&content);
        self.words
    }

    fn table(&mut self, words: impl IntoIterator<Item = u32>) -> usize {
        let at = self.words.len();
        self.words.extend(words);
        at
    }

    fn floats(&mut self, floats: &[f32]) -> usize {
        self.table(floats.iter().map(|float| float.to_bits()))
    }

    /// Writes the tables of a step, and returns its record.
    pub(super) fn step(
        &mut self,
        step: &CompiledStep,
        input: PlannedValue,
    ) -> Result<StepRecord, EngineError> {
        let fail = |reason: &str| firmware(&step.layer, reason);
        let record = step
            .operator
            .record()
            .ok_or_else(|| fail("it is a grouped convolution, or one of binary weights on real inputs"))?;
        let channels = step.shape.channels;
        let mut found = StepRecord { words: [0; step::WORDS], results: channels, window: 0 };
        let mut set = |field: usize, value: usize| found.words[field] = value as u32;
        set(step::IN_WIDTH, input.shape.width);
        set(step::IN_CHANNELS, input.shape.channels);
        set(step::OUT_WIDTH, step.shape.width);
        set(step::OUT_CHANNELS, channels);
        if let Some(WindowGeometry { kernel, stride, padding, .. }) = step.operator.window() {
            set(step::KERNEL_HEIGHT, kernel[0]);
            set(step::KERNEL_WIDTH, kernel[1]);
            set(step::STRIDE, *stride);
            set(step::LEFT, padding[1]);
        } else {
            (step::KERNEL_HEIGHT..=step::STRIDE).for_each(|field| set(field, 1));
        }
        let operator = match record {
            OperatorRecord::RealConv { window, weights } if step.operator.input() == INPUT => {
                found.results = 2 * channels;
                found.words[step::WEIGHTS] = self.floats(&by_column(weights, window)) as u32;
                step::INK_CONV
            }
            OperatorRecord::RealConv { weights, .. } => self.real_conv(weights, channels, &mut found),
            OperatorRecord::BitConv { window, encoding, filters, dot_factor, sum_factor } => {
                let tap = units(window.input.channels);
                let words = window.taps() * tap;
                found.window = encoding.planes() * words;
                found.words[step::IN_PLANES] = encoding.planes() as u32;
                let bits = (0..channels).flat_map(|filter| filters.filter_units(filter, words));
                found.words[step::WEIGHTS] = self.table(bits) as u32;
                let factors = [&dot_factor[..channels], &sum_factor[..channels]].concat();
                found.words[step::FACTORS] = self.floats(&factors) as u32;
                if encoding == BitEncoding::Signs { step::SIGN_CONV } else { step::LEVEL_CONV }
            }
            OperatorRecord::MaxPool => step::MAX_POOL,
            OperatorRecord::AveragePool => step::AVERAGE_POOL,
            OperatorRecord::BitMaxPool { bits, inverted, .. } => {
                found.words[step::IN_PLANES] = bits.encoding.planes() as u32;
                found.words[step::WEIGHTS] = self.table(inverted.iter().copied()) as u32;
                step::BIT_MAX_POOL
            }
            OperatorRecord::Load => step::LOAD,
            OperatorRecord::Decode { encoding } => {
                found.words[step::IN_PLANES] = encoding.planes() as u32;
                found.words[step::FACTORS] = self.floats(&[encoding.decode(1)]) as u32;
                if encoding == BitEncoding::Signs { step::DECODE_SIGNS } else { step::DECODE_LEVELS }
            }
        };
        found.words[step::OPERATOR] = operator;
        if operator != step::BIT_MAX_POOL {
            self.epilogue(step, &mut found).map_err(fail)?;
        }
        Ok(found)
    }

    /// Writes the weights of a convolution of floats, `[window elements, filters]`, as integers where they are integers
    /// times a scale.
    fn real_conv(&mut self, weights: &[f32], filters: usize, found: &mut StepRecord) -> u32 {
        let rows: Vec<Vec<f32>> = (0..filters)
            .map(|filter| weights.iter().skip(filter).step_by(filters).copied().collect())
            .collect();
        let quantized: Option<Vec<(f32, Vec<u8>)>> = rows.iter().map(|row| integers(row)).collect();
        let Some(quantized) = quantized else {
            found.words[step::WEIGHTS] = self.floats(&rows.concat()) as u32;
            return step::DENSE_CONV;
        };
        let integers: Vec<u32> = quantized.iter().flat_map(|(_, row)| packed(row)).collect();
        found.words[step::WEIGHTS] = self.table(integers) as u32;
        let scales: Vec<f32> = quantized.iter().map(|(scale, _)| *scale).collect();
        found.words[step::FACTORS] = self.floats(&scales) as u32;
        step::FLOAT_CONV
    }

    fn epilogue(&mut self, step: &CompiledStep, found: &mut StepRecord) -> Result<(), &'static str> {
        let channels = step.shape.channels;
        let mut stages = Vec::new();
        for op in step.epilogue.ops() {
            stages.extend(self.stage(op)?);
        }
        found.words[step::STAGE_COUNT] = (stages.len() / stage::WORDS) as u32;
        found.words[step::STAGES] = self.table(stages) as u32;
        if let Some(store) = step.epilogue.floats() {
            found.words[step::STORE_STRIDE] = store.stride as u32;
            found.words[step::STORE_FIRST] = store.first as u32;
        }
        let mut comparisons = Vec::new();
        match &step.epilogue {
            StepEpilogue::Bits { thresholds, .. } => {
                let thresholds: Vec<&[f32]> = thresholds.iter().map(|row| &row[..channels]).collect();
                comparisons.extend(self.comparison(&vec![1.0; channels], &thresholds));
            }
            StepEpilogue::Floats(floats) => {
                for compared in &floats.comparisons {
                    let thresholds: Vec<&[f32]> = compared.thresholds.chunks_exact(channels).collect();
                    comparisons.extend(self.comparison(&compared.sign, &thresholds));
                }
            }
        }
        found.words[step::COMPARISON_COUNT] = (comparisons.len() / comparison::WORDS) as u32;
        found.words[step::COMPARISONS] = self.table(comparisons) as u32;
        Ok(())
    }

    fn comparison(&mut self, signs: &[f32], thresholds: &[&[f32]]) -> [u32; comparison::WORDS] {
        let mut words = [0; comparison::WORDS];
        words[comparison::PLANES] = planes_of(thresholds.len()) as u32;
        words[comparison::SIGNS] = self.floats(signs) as u32;
        words[comparison::THRESHOLDS] = self.floats(&thresholds.concat()) as u32;
        words
    }

    fn stage(&mut self, op: &EpilogueOp) -> Result<[u32; stage::WORDS], &'static str> {
        let mut found = [0; stage::WORDS];
        let EpilogueOp::Pointwise(function) = op else {
            found[0] = stage::ADD;
            return Ok(found);
        };
        let (kind, tables) = function
            .firmware_stage()
            .ok_or("a function is behind it, as tanh or sigmoid, whose values firmware does not compute")?;
        found[0] = kind;
        for (word, table) in found[1..].iter_mut().zip(tables) {
            *word = self.floats(table) as u32;
        }
        Ok(found)
    }
}

/// Bytes as words, the first in the lowest bits.
fn packed(bytes: &[u8]) -> Vec<u32> {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    bytes.chunks(4).map(word).collect()
}

/// Transposes the matrix of a convolution's weights from `[y, x, in, out]` to `[x, in, y, out]`.
fn by_column(weights: &[f32], window: &WindowGeometry) -> Vec<f32> {
    let ([height, width], channels, filters) = (window.kernel, window.input.channels, window.output.channels);
    let mut found = Vec::with_capacity(weights.len());
    for x in 0..width {
        for channel in 0..channels {
            for y in 0..height {
                let tap = (y * width + x) * channels + channel;
                found.extend_from_slice(&weights[tap * filters..][..filters]);
            }
        }
    }
    found
}

/// Scale and integers from −127 to 127, as bytes, whose products the weights are, if there are such.
fn integers(weights: &[f32]) -> Option<(f32, Vec<u8>)> {
    let largest = weights.iter().fold(0.0, |most: f32, weight| most.max(weight.abs()));
    // The largest weight of a filter has the integer 127; the quotient may be a rounding away from the scale.
    let quotient = largest / 127.0;
    let scales = [quotient, quotient.next_up(), quotient.next_down()];
    scales.into_iter().find_map(|scale| {
        let integer = |weight: &f32| if scale > 0.0 { (weight / scale).round() as i8 } else { 0 };
        let integers: Vec<i8> = weights.iter().map(integer).collect();
        let same =
            integers.iter().zip(weights).all(|(integer, weight)| scale * f32::from(*integer) == *weight);
        same.then(|| (scale, integers.iter().map(|integer| *integer as u8).collect()))
    })
}
