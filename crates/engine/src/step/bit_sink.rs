use dabnet_graph::Shape;

use crate::{bits, window::Window, workspace::Needs};

/// Turns bits that lie loose, every position at the start of a word, into packed activations,
/// pooling them on the way.
#[derive(Debug)]
pub(crate) struct BitSink {
    shape: Shape,
    pool: Option<BitPool>,
}

/// Maximum pooling of bits.
#[derive(Debug)]
struct BitPool {
    window: Window,
    /// The channels whose bits come inverted, because what follows the pooling decreases: there
    /// the maximum of the values is the AND of the bits, which is the OR of their inverses.
    inverted: Vec<u64>,
}

impl BitSink {
    /// For loose bits of `shape`, pooled over a window where one is given, with the channels that
    /// come inverted.
    pub(crate) fn new(shape: Shape, pool: Option<(Window, &[bool])>) -> Self {
        let pool = pool.map(|(window, channels)| {
            let mut inverted = vec![0; bits::words(shape.channels)];
            for (channel, _) in channels.iter().enumerate().filter(|(_, inverts)| **inverts) {
                inverted[channel / 64] |= 1 << (channel % 64);
            }
            BitPool { window, inverted }
        });
        Self { shape, pool }
    }

    /// Words of one loose position.
    pub(crate) fn stride(&self) -> usize {
        bits::words(self.shape.channels)
    }

    /// Words of all of them.
    pub(crate) fn loose_len(&self) -> usize {
        self.stride() * self.shape.positions()
    }

    pub(crate) fn needs(&self) -> Needs {
        let output = self.pool.as_ref().map_or(self.shape, |pool| pool.window.output);
        let bits = bits::words_with_spare(output.elements());
        // Pooling makes its result in a row of its own, behind the loose bits.
        Needs { loose: self.loose_len() + self.stride(), bits, ..Needs::default() }
    }

    /// Packs `loose` into `packed`.
    pub(crate) fn pack(&self, loose: &mut [u64], packed: &mut [u64]) {
        let channels = self.shape.channels;
        let (loose, spare) = loose.split_at_mut(self.loose_len());
        let Some(pool) = &self.pool else {
            for (position, words) in loose.chunks_exact(self.stride()).enumerate() {
                bits::append(packed, position * channels, words, channels);
            }
            return;
        };
        let pooled = &mut spare[..self.stride()];
        for position in 0..pool.window.output.positions() {
            pool.pool(loose, position, pooled);
            bits::append(packed, position * channels, pooled, channels);
        }
    }
}

impl BitPool {
    fn pool(&self, loose: &[u64], position: usize, pooled: &mut [u64]) {
        let Window { input, kernel, stride, .. } = self.window;
        let (y, x) = self.window.position(position);
        pooled.fill(0);
        for row in 0..kernel {
            let first = ((y * stride + row) * input.width + x * stride) * pooled.len();
            for words in loose[first..first + kernel * pooled.len()].chunks_exact(pooled.len()) {
                pooled.iter_mut().zip(words).for_each(|(pooled, word)| *pooled |= word);
            }
        }
        pooled.iter_mut().zip(&self.inverted).for_each(|(pooled, inverted)| *pooled ^= inverted);
    }
}
