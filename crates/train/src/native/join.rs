use dabnet_graph::Shape;
use rayon::prelude::*;

use super::tensor::Tensor;

/// The channels of `parts`, one part after another.
pub(super) fn concat(parts: &[&Tensor], shape: Shape) -> Tensor {
    let mut whole = Tensor::zeros(parts[0].examples(), shape);
    whole.values.par_chunks_mut(shape.channels).enumerate().for_each(|(position, values)| {
        let mut rest = values;
        for part in parts {
            let channels = part.shape.channels;
            let (to, after) = rest.split_at_mut(channels);
            to.copy_from_slice(&part.values[position * channels..][..channels]);
            rest = after;
        }
    });
    whole
}

/// The parts of `shapes` that were put together.
pub(super) fn parted(whole: &Tensor, shapes: impl Iterator<Item = Shape>) -> Vec<Tensor> {
    let parts = shapes.scan(0, |first, shape| {
        let channels = *first..*first + shape.channels;
        let positions = whole.values.par_chunks(whole.shape.channels);
        let values = positions.flat_map_iter(|values| &values[channels.clone()]).copied().collect();
        *first += shape.channels;
        Some(Tensor { shape, values })
    });
    parts.collect()
}
