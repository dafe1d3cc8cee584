use core::fmt::{self, Write};

use crate::{
    ImageError,
    format::header,
    image::Image,
    pen::Pen,
    step::{Memory, run_schedule},
};

/// A network in an image.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    image: Image<'a>,
}

impl<'a> Network<'a> {
    /// Opens an image, which stays where it is, as in flash.
    ///
    /// # Errors
    /// [`ImageError`] if the words are no image, or not what was exported.
    pub fn new(image: &'a [u32]) -> Result<Self, ImageError> {
        Image::new(image).map(|image| Self { image })
    }

    /// Opens an image that was checked before, or lies where nothing changes: the checksum takes as long as a tenth of a run.
    ///
    /// # Errors
    /// [`ImageError`] if the words are no image.
    pub fn without_checksum(image: &'a [u32]) -> Result<Self, ImageError> {
        Image::without_checksum(image).map(|image| Self { image })
    }

    /// Least energy, the logarithm of the sum of the logits' exponentials, of drawings of known words; not a number if that was
    /// not measured.
    pub fn least_energy(&self) -> f32 {
        f32::from_bits(self.image.0[header::LEAST_ENERGY])
    }

    /// Words of memory that drawing and running take, to be known at compile time.
    ///
    /// # Panics
    /// If the words are too few for an image.
    pub const fn memory_len(image: &[u32]) -> usize {
        image[header::MEMORY] as usize
    }

    /// Bytes of ink, channels × side × side, to be known at compile time.
    ///
    /// # Panics
    /// If the words are too few for an image.
    pub const fn ink_len(image: &[u32]) -> usize {
        let side = image[header::SIDE] as usize;
        (image[header::CHANNELS] as usize).saturating_mul(side.saturating_mul(side))
    }

    /// Number of labels.
    pub fn label_count(&self) -> usize {
        self.image.0[header::LABEL_COUNT] as usize
    }

    /// Label of an output; empty if there is no such output.
    pub fn label(&self, output: usize) -> Label<'a> {
        Label { image: self.image, output }
    }

    /// Draws strokes, each a list of points in any units, y downwards, as large as they fit: `side × side` bytes of ink, 0
    /// paper and 255 ink. Points that are not finite are left out.
    ///
    /// # Errors
    /// [`ImageError::TooShort`] for `memory` or `ink`, [`ImageError::NoLines`] for a model that sees more than lines.
    pub fn draw<S, P>(&self, strokes: S, memory: &mut [u32], ink: &mut [u8]) -> Result<(), ImageError>
    where
        S: IntoIterator<Item = P> + Clone,
        P: IntoIterator<Item = [f32; 2]>,
    {
        let needed = Self::ink_len(self.image.0);
        if ink.len() < needed {
            return Err(ImageError::TooShort { what: "ink", needed });
        }
        let mut pen = Pen::new(self.image, memory)?;
        pen.draw(strokes).ok_or(ImageError::Damaged)?;
        pen.ink(ink).ok_or(ImageError::Damaged)
    }

    /// Runs the network on ink, channels × side × side bytes.
    ///
    /// # Errors
    /// [`ImageError::TooShort`] for `memory` or `ink`, [`ImageError::Damaged`] for an image that contradicts itself.
    pub fn run<'m>(&self, ink: &[u8], memory: &'m mut [u32]) -> Result<Logits<'m>, ImageError> {
        let needed = Self::ink_len(self.image.0);
        if ink.len() < needed {
            return Err(ImageError::TooShort { what: "ink", needed });
        }
        let needed = Self::memory_len(self.image.0);
        let all = memory.get_mut(..needed).ok_or(ImageError::TooShort { what: "memory", needed })?;
        self.run_in(ink, all).ok_or(ImageError::Damaged)
    }

    fn run_in<'m>(&self, ink: &[u8], memory: &'m mut [u32]) -> Option<Logits<'m>> {
        let index = |field: usize| self.image.index(field);
        let scratch = index(header::RESULTS)?.checked_add(index(header::WINDOW)?)?;
        let (rows, scratch) = memory.split_at_mut_checked(memory.len().checked_sub(scratch)?)?;
        let (results, window) = scratch.split_at_mut_checked(index(header::RESULTS)?)?;
        run_schedule(self.image, ink, &mut Memory { rows: &mut *rows, results, window })?;
        let rows = &*rows;
        let logits = rows.get(index(header::LOGITS)?..)?.get(..index(header::LABEL_COUNT)?)?;
        let embedding = rows.get(index(header::EMBEDDING)?..)?.get(..index(header::EMBEDDING_LEN)?)?;
        Some(Logits { logits, embedding })
    }
}

/// Logits of a run, one a label, and the embedding that they were made of.
#[derive(Clone, Copy, Debug)]
pub struct Logits<'m> {
    logits: &'m [u32],
    embedding: &'m [u32],
}

impl<'m> Logits<'m> {
    /// All logits, in the order of labels.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f32> + 'm {
        self.logits.iter().map(|logit| f32::from_bits(*logit))
    }

    /// Output of the largest logit, the first of equals.
    pub fn best(&self) -> usize {
        let first = (0, f32::NEG_INFINITY);
        self.iter().enumerate().fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
    }

    /// Vector that the last layer read; empty for networks without one.
    pub fn embedding(&self) -> impl ExactSizeIterator<Item = f32> + 'm {
        self.embedding.iter().map(|value| f32::from_bits(*value))
    }
}

/// A label, to be displayed.
#[derive(Clone, Copy)]
pub struct Label<'a> {
    image: Image<'a>,
    output: usize,
}

impl<'a> Label<'a> {
    /// Bytes of the text, UTF-8.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + use<'a> {
        let Self { image, output } = *self;
        let end = |output: usize| image.word(image.index(header::LABELS)?.checked_add(output)?);
        let within = image.index(header::LABEL_COUNT).is_some_and(|count| output < count);
        let range = end(output).zip(end(output + 1)).filter(|_| within).unwrap_or_default();
        let text = image.index(header::LABEL_TEXT).unwrap_or(usize::MAX);
        (range.0..range.1).map_while(move |at| {
            let word = image.word(text.checked_add(at as usize / 4)?)?;
            Some(word.to_le_bytes()[at as usize % 4])
        })
    }
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut character = [0; 4];
        let mut len = 0;
        for byte in self.bytes() {
            character[len] = byte;
            len += 1;
            match core::str::from_utf8(&character[..len]) {
                Ok(text) => {
                    f.write_str(text)?;
                    len = 0;
                }
                Err(_) if len < 4 => {}
                Err(_) => {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                    len = 0;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
