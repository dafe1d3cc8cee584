//! The runner of microcontrollers for browsers: a WebAssembly module of a few kilobytes without imports, which guesses
//! before the engine is there. `web/dabnet/micro.js` wraps it in JavaScript.
//!
//! As with `dabnet-wasm`, functions take and return numbers, and all other data is in two buffers whose addresses the
//! module exports. An instance runs one image.
#![deny(unsafe_code)]

use std::cell::RefCell;

use dabnet_micro::{ImageError, Network};

/// Words of memory, or bytes of ink, that no image of a real network needs.
const MOST: usize = 1 << 24;

thread_local! {
    static INSTANCE: RefCell<MicroInstance> = const { RefCell::new(MicroInstance::new()) };
}

/// An image, the memory it runs in, and the buffers of calls.
#[derive(Debug)]
pub struct MicroInstance {
    image: Vec<u32>,
    memory: Vec<u32>,
    ink: Vec<u8>,
    input: Vec<u32>,
    output: Vec<u8>,
}

impl MicroInstance {
    /// An instance without an image.
    pub const fn new() -> Self {
        Self { image: Vec::new(), memory: Vec::new(), ink: Vec::new(), input: Vec::new(), output: Vec::new() }
    }

    /// Resizes the input to so many words, and returns it.
    pub fn input(&mut self, words: usize) -> &mut [u32] {
        self.input.clear();
        self.input.resize(words, 0);
        &mut self.input
    }

    /// Output of the last call.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Takes the input as an image. The output is its labels, each with a zero behind it. False where that is an error, whose
    /// message is then the output.
    pub fn load(&mut self) -> bool {
        self.image = std::mem::take(&mut self.input);
        let labels = self.allocate();
        self.put(labels)
    }

    fn allocate(&mut self) -> Result<Vec<u8>, ImageError> {
        let network = Network::new(&self.image)?;
        let [memory, ink] = [Network::memory_len(&self.image), Network::ink_len(&self.image)];
        if memory.max(ink) > MOST {
            return Err(ImageError::Damaged);
        }
        (self.memory, self.ink) = (vec![0; memory], vec![0; ink]);
        let labels = (0..network.label_count()).map(|output| network.label(output));
        Ok(labels.flat_map(|label| label.bytes().chain([0])).collect())
    }

    /// Takes the input as strokes, x and y of every point and NaN twice after every stroke. The output is the logits, 32-bit
    /// floats. False where that is an error, whose message is then the output.
    pub fn recognize(&mut self) -> bool {
        let logits = self.logits();
        self.put(logits)
    }

    fn logits(&mut self) -> Result<Vec<u8>, ImageError> {
        let Self { image, memory, ink, input, .. } = self;
        let network = Network::without_checksum(image)?;
        let points: Vec<[f32; 2]> =
            input.as_chunks().0.iter().map(|point| point.map(f32::from_bits)).collect();
        let strokes = points.split(|point| point[0].is_nan()).map(|stroke| stroke.iter().copied());
        network.draw(strokes, memory, ink)?;
        Ok(network.run(ink, memory)?.iter().flat_map(f32::to_le_bytes).collect())
    }

    /// Least energy of drawings of known words; not a number for models that were not calibrated.
    pub fn least_energy(&self) -> f32 {
        Network::without_checksum(&self.image).map_or(f32::NAN, |network| network.least_energy())
    }

    fn put(&mut self, output: Result<Vec<u8>, ImageError>) -> bool {
        let done = output.is_ok();
        self.output = output.unwrap_or_else(|error| error.to_string().into_bytes());
        done
    }
}

impl Default for MicroInstance {
    fn default() -> Self {
        Self::new()
    }
}

/// Exported functions of the module. A status is 0 on success; otherwise the output is an error message.
#[allow(unsafe_code)]
mod calls {
    use super::{INSTANCE, MicroInstance};

    fn with<R>(call: impl FnOnce(&mut MicroInstance) -> R) -> R {
        INSTANCE.with_borrow_mut(call)
    }

    /// Resizes the input to `bytes`, rounded up to whole words, and returns its address.
    #[unsafe(no_mangle)]
    extern "C" fn input(bytes: usize) -> usize {
        with(|instance| instance.input(bytes.div_ceil(4)).as_ptr().addr())
    }

    /// The address of the output.
    #[unsafe(no_mangle)]
    extern "C" fn output() -> usize {
        with(|instance| instance.output().as_ptr().addr())
    }

    /// Bytes of the output.
    #[unsafe(no_mangle)]
    extern "C" fn output_bytes() -> usize {
        with(|instance| instance.output().len())
    }

    /// [`MicroInstance::load`]. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn load() -> u32 {
        with(|instance| u32::from(!instance.load()))
    }

    /// [`MicroInstance::recognize`]. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn recognize() -> u32 {
        with(|instance| u32::from(!instance.recognize()))
    }

    /// [`MicroInstance::least_energy`].
    #[unsafe(no_mangle)]
    extern "C" fn least_energy() -> f32 {
        with(|instance| instance.least_energy())
    }
}

#[cfg(test)]
mod tests {
    use dabnet_engine::{FirmwareImage, PackedModel};

    use super::*;

    fn given(instance: &mut MicroInstance, words: &[u32]) {
        instance.input(words.len()).copy_from_slice(words);
    }

    #[test]
    fn a_drawing_is_told() {
        let packed = PackedModel::from_bytes(dabnet_models::QUICKDRAW_20).unwrap();
        let image = FirmwareImage::new(&packed).unwrap();
        let mut instance = MicroInstance::new();
        assert!(instance.least_energy().is_nan() && !instance.recognize());
        given(&mut instance, &image.words()[..9]);
        assert!(!instance.load() && instance.output().starts_with(b"not an image"));
        given(&mut instance, image.words());
        assert!(instance.load());
        let labels: Vec<&[u8]> = instance.output().split(|byte| *byte == 0).collect();
        assert_eq!((labels.len(), labels[17], labels[20]), (21, &b"star"[..], &b""[..]));
        assert_eq!(instance.least_energy(), packed.calibration.as_ref().unwrap().least_energy);
        let star = [50., 0., 79., 90., 2., 35., 98., 35., 21., 90., 50., 0., f32::NAN, f32::NAN];
        given(&mut instance, &star.map(f32::to_bits));
        assert!(instance.recognize());
        let (logits, _) = instance.output().as_chunks();
        let logits: Vec<f32> = logits.iter().map(|logit| f32::from_le_bytes(*logit)).collect();
        assert!(logits.iter().all(|logit| *logit <= logits[17]) && logits.len() == 20);
        given(&mut instance, &[]);
        assert!(instance.recognize(), "no strokes are a blank sheet");
    }
}
