//! Images of packed models for the runner of microcontrollers, `dabnet-micro`.
//!
//! What the engine compiles for itself, steps with fused thresholds, is written down with the order of all rows
//! ([`schedule`](schedule::schedule)) and their places in memory ([`RowPlaces`]).

mod image;
mod memory;
mod schedule;

use dabnet_graph::{Channels, Look, Shape};
use dabnet_micro::{
    Network,
    format::{MAX_EXTENT, header, step},
};

use self::{
    image::ImageWords,
    memory::{RowPlaces, StoredRow, sums},
    schedule::{ScheduleEntry, is_bit_pool, is_pool, reads_ink, schedule},
};
use crate::{
    error::EngineError,
    format::PackedModel,
    fuse::{CompiledSteps, compile},
    limits,
    ops::CompiledStep,
    plan::{PlannedValue, ValueId},
    program::{INPUT, embedding},
};

/// Bits of an entry's step, and of its window's height.
const MAX_STEPS: usize = 1 << 16;
const MAX_HEIGHT: usize = 255;

/// Compiled network for the runner of microcontrollers, `dabnet-micro`.
#[derive(Clone, Debug)]
pub struct FirmwareImage {
    words: Vec<u32>,
}

impl FirmwareImage {
    /// Compiles a packed model.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use dabnet_engine::{FirmwareImage, PackedModel};
    ///
    /// let image = FirmwareImage::new(&PackedModel::load("models/quickdraw-20")?)?;
    /// println!("{} bytes of flash, {} of memory", image.bytes().len(), image.memory_bytes());
    /// std::fs::write("model.bin", image.bytes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Model::new`](crate::Model::new), and [`EngineError::Firmware`] for layers that the runner does not know:
    /// grouped convolutions, binary weights on real inputs, `tanh` and `sigmoid`.
    pub fn new(packed: &PackedModel) -> Result<Self, EngineError> {
        packed.check()?;
        limits::check(&packed.graph)?;
        let CompiledSteps { steps, values, output } = compile(packed)?;
        let embedding = packed.graph.classifier().and_then(|_| embedding(&steps, &values));
        let entries = schedule(&steps, values.len());
        let kept: Vec<ValueId> = [output].into_iter().chain(embedding).collect();
        let places = RowPlaces::new(&steps, &values, &entries, &kept);
        let mut words = ImageWords::new();
        Compiled { packed, steps: &steps, values: &values, entries: &entries, places: &places }
            .write(&mut words, output, embedding)?;
        Ok(Self { words: words.finish() })
    }

    /// Bytes of the image, as they are in flash.
    pub fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Words of the image.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// True if its runner draws strokes as the model sees them: ink of lines, and nothing else.
    pub fn draws(&self) -> bool {
        self.words[header::PEN] != 0 && self.words[header::CHANNELS] == 1
    }

    /// Bytes of memory that the runner takes, beside its stack and the ink.
    pub fn memory_bytes(&self) -> usize {
        4 * Network::memory_len(&self.words)
    }
}

/// A compiled model that is being written.
#[derive(Clone, Copy)]
struct Compiled<'a> {
    packed: &'a PackedModel,
    steps: &'a [CompiledStep],
    values: &'a [PlannedValue],
    entries: &'a [ScheduleEntry],
    places: &'a RowPlaces,
}

impl Compiled<'_> {
    fn write(
        &self,
        words: &mut ImageWords,
        output: ValueId,
        embedding: Option<ValueId>,
    ) -> Result<(), EngineError> {
        let PackedModel { labels, preprocessing, .. } = self.packed;
        let canvas = preprocessing.canvas;
        words.set(header::SIDE, canvas.side);
        words.set(header::CHANNELS, self.packed.graph.input_shape().channels);
        let looks: Vec<f32> = (0..=255).map(|ink| canvas.normalize(ink)).collect();
        words.set_floats(header::INK, &looks);
        if preprocessing.look == Look::Lines && preprocessing.channels == Channels::Ink {
            let width = canvas.line_width.min(0.5) * canvas.side as f32;
            words.set_floats(header::PEN, &ink_distances(width));
            words.set(header::LINE_WIDTH, width.to_bits() as usize);
            words.set(header::MARGIN, canvas.margin.to_bits() as usize);
        }
        words.set_labels(labels);
        let energy =
            self.packed.calibration.as_ref().map_or(f32::NAN, |calibration| calibration.least_energy);
        words.set(header::LEAST_ENERGY, energy.to_bits() as usize);
        self.write_steps(words)?;
        self.write_schedule(words)?;
        words.set(header::LOGITS, self.places.get(StoredRow::Value(output.0, 0)) as usize);
        if let Some(value) = embedding {
            words.set(header::EMBEDDING, self.places.get(StoredRow::Value(value.0, 0)) as usize);
            words.set(header::EMBEDDING_LEN, self.values[value.0].shape.channels);
        }
        if self.values[output.0].shape.positions() != 1 {
            return Err(firmware("the output", "it has more than one position"));
        }
        Ok(())
    }

    fn write_steps(&self, words: &mut ImageWords) -> Result<(), EngineError> {
        if self.steps.len() >= MAX_STEPS {
            return Err(firmware("the network", "it has too many layers"));
        }
        let input = self.packed.graph.input_shape();
        let (mut records, mut results, mut window) = (Vec::new(), input.channels, 0);
        for step in self.steps {
            let input = self.values[step.operator.input().0];
            let record = words.step(step, input)?;
            let extents = &record.words[step::IN_WIDTH..=step::LEFT];
            if extents.iter().any(|&extent| extent as usize >= MAX_EXTENT) {
                let reason = format!("a width, a side or a number of channels is not below {MAX_EXTENT}");
                return Err(firmware(&step.layer, &reason));
            }
            results = results.max(record.results);
            window = window.max(record.window);
            records.extend(record.words);
        }
        records.extend(load_ink(input));
        words.set(header::STEP_COUNT, self.steps.len() + 1);
        words.set_words(header::STEPS, &records);
        words.set(header::RESULTS, results);
        words.set(header::WINDOW, window);
        let side = self.packed.preprocessing.canvas.side;
        words.set(header::MEMORY, (self.places.words + results + window).max(side * side));
        Ok(())
    }

    fn write_schedule(&self, words: &mut ImageWords) -> Result<(), EngineError> {
        use dabnet_micro::format::{BEGIN, END, HEIGHT, ROWS};

        let mut found = Vec::new();
        for entry in self.entries {
            let place = |value: ValueId, row: usize| self.places.get(StoredRow::Value(value.0, row));
            let Some(step) = self.steps.get(entry.step) else {
                found.extend([
                    entry.step as u32 | BEGIN | END | HEIGHT,
                    ROWS,
                    entry.row as u32,
                    place(INPUT, entry.row),
                ]);
                continue;
            };
            let height = step.operator.window().map_or(1, |window| window.rows(entry.row).len());
            if height > MAX_HEIGHT {
                return Err(firmware(&step.layer, "its windows are higher than 255 rows"));
            }
            let flag = |set: bool, flag: u32| if set { flag } else { 0 };
            let flags = flag(entry.begins, BEGIN) | flag(entry.ends, END);
            found.push(entry.step as u32 | flags | (height as u32 * HEIGHT));
            found.push(entry.first as u32 | (entry.inputs.len() as u32 * ROWS));
            let input = step.operator.input();
            let ink = reads_ink(step);
            found.extend(entry.inputs.iter().map(|&row| if ink { row as u32 } else { place(input, row) }));
            if is_pool(step) {
                found.push(self.places.get(sums(step, entry)));
            }
            if entry.ends && !is_bit_pool(step) {
                found.extend(step.epilogue.reads().map(|value| place(value, entry.row)));
                found.extend(step.epilogue.writes().map(|value| place(value, entry.row)));
            }
        }
        let first = words.set_words(header::SCHEDULE, &found);
        words.set(header::SCHEDULE_END, first + found.len());
        Ok(())
    }
}

/// Record of the step that gives the ink as floats.
fn load_ink(shape: Shape) -> [u32; step::WORDS] {
    let mut record = [1; step::WORDS];
    let fields = [
        (step::OPERATOR, step::LOAD_INK),
        (step::IN_WIDTH, shape.width as u32),
        (step::IN_CHANNELS, shape.channels as u32),
        (step::OUT_WIDTH, shape.width as u32),
        (step::OUT_CHANNELS, shape.channels as u32),
        (step::STORE_STRIDE, shape.channels as u32),
    ];
    let none = [step::STORE_FIRST, step::STAGE_COUNT, step::COMPARISON_COUNT].map(|field| (field, 0));
    fields.into_iter().chain(none).for_each(|(field, value)| record[field] = value);
    record
}

/// The least squared distances from the middle of a line of a width at which a pixel has less ink than 1, 2, … 255, as
/// `dabnet-sketch` draws, whose ink falls with the distance.
fn ink_distances(width: f32) -> Vec<f32> {
    let (reach, most) = (width / 2.0 + 0.5, width.min(1.0));
    let ink = |squared: f32| {
        let covered = (reach - squared.sqrt()).min(most).max(0.0);
        (covered * 255.0 + 8_388_608.0).to_bits() as u8
    };
    let least = |level: u8| {
        let (mut holds, mut fails) = (0.0_f32.to_bits(), f32::INFINITY.to_bits());
        if ink(0.0) < level {
            return 0.0;
        }
        while fails - holds > 1 {
            let middle = holds.midpoint(fails);
            if ink(f32::from_bits(middle)) >= level { holds = middle } else { fails = middle }
        }
        f32::from_bits(fails)
    };
    (1..=255).map(least).collect()
}

fn firmware(layer: &str, reason: &str) -> EngineError {
    EngineError::Firmware { layer: layer.to_owned(), reason: reason.to_owned() }
}
