//! Layout of an image, for the compiler that writes it (`dabnet-engine`) and the runner that reads it.
//!
//! An image is 32-bit words, in a file little-endian. It begins with a header, a word for each of the constants in
//! [`header`]; offsets count words from the beginning of the image, rows and places those of the runner's memory.
//!
//! - A *step* computes the rows of one or more values: [`step`].
//! - A *stage* is what happens to a position's results: [`stage`].
//! - A *comparison* encodes results as bits: [`comparison`].
//! - An *entry* of the schedule is one row of one step: its index with [`BEGIN`], [`END`] and, times [`HEIGHT`], all
//!   rows of its window that lie on the input; the first window row and, times [`ROWS`], the number of rows of this entry; the place of each of these rows (for ink, its number); the place of the pooling's
//!   sums or maxima; and, with `END`, the place of the row of each added value, of the stored row if there is one, and
//!   of each comparison's row.
//!
//! A row of floats has a word a channel, position by position. A row of bits has, plane by plane and position by position,
//! the channels in whole words, the first in the lowest bit.

/// First word of an image: `DABI`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"DABI");
/// Version of the format.
pub const VERSION: u32 = 1;

/// Bound of widths, sides and numbers of channels, so that products of several of them do not overflow.
pub const MAX_EXTENT: usize = 1 << 13;

/// Flag of an entry: the first of its row.
pub const BEGIN: u32 = 1 << 16;
/// Flag of an entry: the last of its row.
pub const END: u32 = 1 << 17;
/// Factor of the number of rows that all entries of a step's row have together, up to 255.
pub const HEIGHT: u32 = 1 << 24;
/// Factor of the number of rows in an entry's second word; the rest is the first window row.
pub const ROWS: u32 = 1 << 16;

/// Words of the header.
#[expect(missing_docs, reason = "each is described by its comment")]
pub mod header {
    // The magic number.
    pub const MAGIC: usize = 0;
    // Version of the format.
    pub const VERSION: usize = 1;
    // Length in words.
    pub const LEN: usize = 2;
    // CRC-32 (IEEE 802.3) of the words from here on, as little-endian bytes.
    pub const CHECKSUM: usize = 3;
    // Side of the canvas, and channels.
    pub const SIDE: usize = 4;
    pub const CHANNELS: usize = 5;
    // Words of memory, of which the last are for the results of one position, and for a window's bits.
    pub const MEMORY: usize = 6;
    pub const RESULTS: usize = 7;
    pub const WINDOW: usize = 8;
    // Steps.
    pub const STEPS: usize = 9;
    pub const STEP_COUNT: usize = 10;
    // Schedule: words from here to there.
    pub const SCHEDULE: usize = 11;
    pub const SCHEDULE_END: usize = 12;
    // Labels: for each, the offset of its text in bytes from LABEL_TEXT on; one more for the end of the last.
    pub const LABELS: usize = 13;
    pub const LABEL_COUNT: usize = 14;
    pub const LABEL_TEXT: usize = 15;
    // 256 floats: what the network sees of ink.
    pub const INK: usize = 16;
    // Drawing: 255 floats, the least squared distances from a line at which a pixel has less ink than 1, 2 and so on; 0 if
    // the model does not see lines alone. The width of a line and the margin, in pixels and as a fraction of the side.
    pub const PEN: usize = 17;
    pub const LINE_WIDTH: usize = 18;
    pub const MARGIN: usize = 19;
    // Places of the logits and of the embedding, and the length of the latter; 0 if there is none.
    pub const LOGITS: usize = 20;
    pub const EMBEDDING: usize = 21;
    pub const EMBEDDING_LEN: usize = 22;
    // Least energy of drawings of known words, a float; not a number if it was not measured.
    pub const LEAST_ENERGY: usize = 23;
    // Number of words.
    pub const WORDS: usize = 24;
}

/// Words of a step.
#[expect(missing_docs, reason = "each is described by its comment")]
pub mod step {
    // One of the operators below.
    pub const OPERATOR: usize = 0;
    // Width, channels and planes of the input; no planes where it is floats or ink.
    pub const IN_WIDTH: usize = 1;
    pub const IN_CHANNELS: usize = 2;
    pub const IN_PLANES: usize = 3;
    // Width and channels of the results.
    pub const OUT_WIDTH: usize = 4;
    pub const OUT_CHANNELS: usize = 5;
    // Windows.
    pub const KERNEL_HEIGHT: usize = 6;
    pub const KERNEL_WIDTH: usize = 7;
    pub const STRIDE: usize = 8;
    pub const LEFT: usize = 9;
    // Weights, and a second table where the operator has one.
    pub const WEIGHTS: usize = 10;
    pub const FACTORS: usize = 11;
    // Stages: their number and the offset of the first.
    pub const STAGE_COUNT: usize = 12;
    pub const STAGES: usize = 13;
    // Floats of a position in the stored row, 0 if none is stored, and the first of them.
    pub const STORE_STRIDE: usize = 14;
    pub const STORE_FIRST: usize = 15;
    // Comparisons: their number and the offset of the first.
    pub const COMPARISON_COUNT: usize = 16;
    pub const COMPARISONS: usize = 17;
    // Number of words.
    pub const WORDS: usize = 18;

    // Convolution of ink: floats [kernel width, channels, kernel height, filters].
    pub const INK_CONV: u32 = 1;
    // Convolution of floats: integers of 8 bits, four a word, [filters, kernel height, kernel width, channels], each filter
    // in whole words; a scale a filter.
    pub const FLOAT_CONV: u32 = 2;
    // Convolution of signs or levels: bits [filters, kernel height, kernel width, channels in whole words]; factors of
    // the dot product and of the sum of activations, one of each a filter.
    pub const SIGN_CONV: u32 = 3;
    pub const LEVEL_CONV: u32 = 4;
    // Poolings of floats and of bits; the latter inverts the channels that its weights, a mask, name.
    pub const MAX_POOL: u32 = 5;
    pub const AVERAGE_POOL: u32 = 6;
    pub const BIT_MAX_POOL: u32 = 7;
    // The input as it is, as floats: of floats, of signs, of levels whose step is the first of the factors.
    pub const LOAD: u32 = 8;
    pub const DECODE_SIGNS: u32 = 9;
    pub const DECODE_LEVELS: u32 = 10;
    // The ink as floats.
    pub const LOAD_INK: u32 = 12;
    // Convolution of floats by floats, [filters, kernel height, kernel width, channels].
    pub const DENSE_CONV: u32 = 11;
}

/// Stages of results: a kind and the offsets of its tables, of one float a channel.
#[expect(missing_docs, reason = "each is described by its comment")]
pub mod stage {
    pub const WORDS: usize = 4;

    // Scale, shift.
    pub const AFFINE: u32 = 1;
    pub const RELU: u32 = 2;
    // Threshold, slope, shift.
    pub const RPRELU: u32 = 3;
    // Low and high, one float each.
    pub const CLIP: u32 = 4;
    // Bias.
    pub const BIAS: u32 = 5;
    // A row of the entry, as many channels a position.
    pub const ADD: u32 = 6;
}

/// Comparisons of results: planes; offsets of one sign a channel, and of thresholds, [levels, channels].
#[expect(missing_docs, reason = "each is described by its comment")]
pub mod comparison {
    pub const PLANES: usize = 0;
    pub const SIGNS: usize = 1;
    pub const THRESHOLDS: usize = 2;
    pub const WORDS: usize = 3;
}
