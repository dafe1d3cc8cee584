use dabnet_graph::Shape;
use rayon::prelude::*;

use super::tensor::{Block, Tensor};

/// The channels of `parts`, one part after another.
pub(super) fn concat(parts: &[&Tensor], shape: Shape) -> Tensor {
    let blocks = (0..parts[0].blocks.len()).into_par_iter().map(|index| {
        let values = parts.iter().flat_map(|part| &part.blocks[index].values).copied().collect();
        Block { examples: parts[0].blocks[index].examples, values }
    });
    Tensor { shape, blocks: blocks.collect() }
}

/// The parts of `shapes` that were put together.
pub(super) fn parted(whole: &Tensor, shapes: impl Iterator<Item = Shape>) -> Vec<Tensor> {
    let parts = shapes.scan(0, |first, shape| {
        let blocks = whole.blocks.iter().map(|block| {
            let len = block.per_channel(shape);
            let values = block.values[*first * len..(*first + shape.channels) * len].to_vec();
            Block { examples: block.examples, values }
        });
        let part = Tensor { shape, blocks: blocks.collect() };
        *first += shape.channels;
        Some(part)
    });
    parts.collect()
}
