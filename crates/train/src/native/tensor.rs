use dabnet_graph::Shape;
use rayon::prelude::*;

/// The most examples in a block.
const BLOCK: usize = 4;
/// Blocks that a batch is cut into at least, where it has as many examples.
const BLOCKS: usize = 8;

/// What a node gives for a batch, in blocks of examples that threads work on one by one.
///
/// How a batch is cut follows from its size, so that no sum depends on the number of threads.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// Of one example.
    pub shape: Shape,
    pub blocks: Vec<Block>,
}

/// Some examples: the first channel of all of them, one after another, then the second.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub examples: usize,
    pub values: Vec<f32>,
}

impl Block {
    pub fn zeros(examples: usize, shape: Shape) -> Self {
        Self { examples, values: vec![0.0; examples * shape.elements()] }
    }

    /// Values of one channel.
    pub fn per_channel(&self, shape: Shape) -> usize {
        self.examples * shape.positions()
    }
}

impl Tensor {
    /// A batch of `count` examples, one after another.
    pub fn from_examples(values: &[f32], count: usize, shape: Shape) -> Self {
        let block = count.div_ceil(BLOCKS).clamp(1, BLOCK);
        let blocks = values.par_chunks(block * shape.elements()).map(|values| {
            let examples = values.len() / shape.elements();
            Block { examples, values: exchanged(values, shape.channels, shape.positions()) }
        });
        Self { shape, blocks: blocks.collect() }
    }

    /// Its examples, one after another.
    pub fn to_examples(&self) -> Vec<f32> {
        let examples = |block: &Block| exchanged(&block.values, block.examples, self.shape.positions());
        self.blocks.iter().flat_map(examples).collect()
    }

    pub fn examples(&self) -> usize {
        self.blocks.iter().map(|block| block.examples).sum()
    }

    /// One of another shape, of which `fill` makes the values of each block.
    pub fn map(&self, shape: Shape, fill: impl Fn(&Block, &mut [f32]) + Sync) -> Self {
        let blocks = self.blocks.par_iter().map(|block| {
            let mut filled = Block::zeros(block.examples, shape);
            fill(block, &mut filled.values);
            filled
        });
        Self { shape, blocks: blocks.collect() }
    }

    /// Changes values where they are.
    pub fn each(mut self, change: impl Fn(&mut f32) + Sync) -> Self {
        self.blocks.par_iter_mut().for_each(|block| block.values.iter_mut().for_each(&change));
        self
    }

    /// Changes values where they are, by those of `other` in the same places.
    pub fn zip(mut self, other: &Self, change: impl Fn(&mut f32, f32) + Sync) -> Self {
        self.blocks.par_iter_mut().zip(&other.blocks).for_each(|(block, other)| {
            block.values.iter_mut().zip(&other.values).for_each(|(value, other)| change(value, *other));
        });
        self
    }

    /// The same in one block.
    pub fn merged(&self) -> Block {
        let mut merged = Block::zeros(self.examples(), self.shape);
        let positions = self.shape.positions();
        let rows = merged.values.par_chunks_mut(merged.examples * positions).enumerate();
        rows.for_each(|(channel, row)| {
            let mut rest = row;
            for block in &self.blocks {
                let len = block.examples * positions;
                let (part, after) = rest.split_at_mut(len);
                part.copy_from_slice(&block.values[channel * len..][..len]);
                rest = after;
            }
        });
        merged
    }

    /// Blocks like those of `like` of what [`Tensor::merged`] put together.
    pub fn parted(merged: &Block, shape: Shape, like: &Self) -> Self {
        let positions = shape.positions();
        let starts = like.blocks.iter().scan(0, |start, block| {
            let this = *start;
            *start += block.examples;
            Some((this, block.examples))
        });
        let blocks = starts.map(|(start, examples)| {
            let rows = merged.values.chunks(merged.examples * positions);
            let values = rows.flat_map(|row| &row[start * positions..][..examples * positions]);
            Block { examples, values: values.copied().collect() }
        });
        Self { shape, blocks: blocks.collect() }
    }
}

/// From `outer × inner × positions` to `inner × outer × positions`, where there are `inner` inner ones.
fn exchanged(values: &[f32], inner: usize, positions: usize) -> Vec<f32> {
    let outer = values.len() / (inner * positions);
    if inner == 1 || outer == 1 {
        return values.to_vec();
    }
    let mut result = Vec::with_capacity(values.len());
    for i in 0..inner {
        for o in 0..outer {
            result.extend_from_slice(&values[(o * inner + i) * positions..][..positions]);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_come_back_however_they_are_cut() {
        for count in [1, 2, 7, 9, 30, 33] {
            let shape = Shape::new(3, 2, 5);
            let values: Vec<f32> = (0..count * shape.elements()).map(|at| at as f32).collect();
            let tensor = Tensor::from_examples(&values, count, shape);
            assert_eq!((tensor.examples(), tensor.to_examples()), (count, values.clone()));
            let parted = Tensor::parted(&tensor.merged(), shape, &tensor);
            assert_eq!(parted.to_examples(), values);
        }
    }
}
