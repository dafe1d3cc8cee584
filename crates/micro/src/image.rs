use crate::{
    ImageError,
    format::{self, MAX_EXTENT, header},
};

/// Words of an image's bytes, at compile time, so that the image is aligned in flash.
///
/// ```
/// static WORDS: [u32; 2] = dabnet_micro::image_words(&[1, 0, 0, 0, 0, 1, 0, 0]);
/// assert_eq!(WORDS, [1, 256]);
/// ```
///
/// # Panics
/// If there are not four bytes for each word.
pub const fn image_words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    assert!(bytes.len() == 4 * N, "four bytes a word");
    let mut words = [0; N];
    let mut at = 0;
    while at < N {
        words[at] =
            u32::from_le_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]]);
        at += 1;
    }
    words
}

/// Words of an image. What is not there is `None`, so that a damaged image cannot make the runner panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'a>(pub(crate) &'a [u32]);

impl<'a> Image<'a> {
    /// Checks that the words are a whole image of this version, and their checksum.
    pub(crate) fn new(words: &'a [u32]) -> Result<Self, ImageError> {
        let Self(words) = Self::without_checksum(words)?;
        let content = words.get(header::CHECKSUM + 1..).ok_or(ImageError::Damaged)?;
        if crc32(content) != words[header::CHECKSUM] {
            return Err(ImageError::Checksum);
        }
        Ok(Self(words))
    }

    /// Checks that the words are a whole image of this version.
    pub(crate) fn without_checksum(words: &'a [u32]) -> Result<Self, ImageError> {
        if words.first() != Some(&format::MAGIC) || words.len() < header::WORDS {
            return Err(ImageError::NotAnImage);
        }
        if words[header::VERSION] != format::VERSION {
            return Err(ImageError::Version { found: words[header::VERSION] });
        }
        let len = words[header::LEN] as usize;
        let whole = words.get(..len).filter(|_| len >= header::WORDS);
        whole.map(Self).ok_or(ImageError::Damaged)
    }

    pub(crate) fn word(self, at: usize) -> Option<u32> {
        self.0.get(at).copied()
    }

    /// A word that is an offset, a place, a length or the like.
    pub(crate) fn index(self, at: usize) -> Option<usize> {
        self.word(at).map(|word| word as usize)
    }

    /// A word that is a width, a number of channels or the like.
    pub(crate) fn extent(self, at: usize) -> Option<usize> {
        self.index(at).filter(|&extent| extent < MAX_EXTENT)
    }

    pub(crate) fn float(self, at: usize) -> Option<f32> {
        self.word(at).map(f32::from_bits)
    }

    pub(crate) fn slice(self, first: usize, len: usize) -> Option<&'a [u32]> {
        self.0.get(first..first.checked_add(len)?)
    }
}

/// CRC-32 (IEEE 802.3) of words as little-endian bytes.
fn crc32(words: &[u32]) -> u32 {
    !words.iter().fold(u32::MAX, |crc, word| {
        (0..32).fold(crc ^ word, |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
