//! From latent weights to the weights the network runs with.

use dabnet_binarize::{Scheme, Split, split};
use dabnet_engine::{quantize, quantized_value};
use dabnet_graph::{Conv2d, Graph, ParameterRole, Quantizer, WeightFormat};
use rayon::prelude::*;

use crate::{Parameters, TrainError};

/// Weights that a convolution runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveWeights {
    /// `OIHW`: latent weights in a layer with real weights (rounded to eight bits if the packed model stores
    /// them so), `α` and `β` in a binary one.
    pub weights: Vec<f32>,
    /// One split a filter; empty in a layer with real weights.
    pub splits: Vec<Split>,
}

/// The largest magnitude a binarized latent weight may have.
const CLAMP: f32 = 1.0;

/// Computes the effective weights of every node; `None` for nodes that are no convolution. With
/// `real_weights` binary layers run with their latent weights.
///
/// # Errors
/// [`TrainError::Split`] if a latent weight is not finite.
pub(crate) fn effective_weights(
    graph: &Graph,
    parameters: &Parameters,
    scheme: Scheme,
    real_weights: bool,
) -> Result<Vec<Option<EffectiveWeights>>, TrainError> {
    let mut all = vec![None; graph.nodes().len()];
    for (id, node, conv) in graph.convolutions() {
        let latent = parameters.get(id, "weight");
        all[id] = Some(if conv.precision.binary_weights() && !real_weights {
            binarize(&node.name, latent, conv, scheme)?
        } else {
            EffectiveWeights { weights: stored(latent, conv), splits: Vec::new() }
        });
    }
    Ok(all)
}

/// Real weights as a packed model stores them.
fn stored(latent: &[f32], conv: &Conv2d) -> Vec<f32> {
    match conv.weight_format {
        WeightFormat::F32 => latent.to_vec(),
        WeightFormat::I8 => {
            let filters = latent.par_chunks(latent.len() / conv.out_channels);
            let weights = filters.flat_map_iter(|filter| {
                let (scale, integers) = quantize(filter);
                integers.into_iter().map(move |integer| quantized_value(integer, scale))
            });
            weights.collect()
        }
    }
}

fn binarize(
    layer: &str,
    latent: &[f32],
    conv: &Conv2d,
    scheme: Scheme,
) -> Result<EffectiveWeights, TrainError> {
    let n = latent.len() / conv.out_channels;
    let splits = latent
        .par_chunks(n)
        .enumerate()
        .map(|(filter, weights)| {
            split(scheme, weights).map_err(|reason| TrainError::Split {
                layer: layer.to_owned(),
                filter,
                reason,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut weights = vec![0.0; latent.len()];
    let filters = weights.par_chunks_mut(n).zip(latent.par_chunks(n)).zip(&splits);
    filters.for_each(|((weights, latent), split)| {
        weights.iter_mut().zip(latent).for_each(|(weight, latent)| *weight = split.value(*latent));
    });
    Ok(EffectiveWeights { weights, splits })
}

/// Constrains latent weights of binary layers to the estimator's domain: optionally zero mean over input
/// channels at each tap, always within `±1` (paper, section 4). Quantizer steps stay positive.
pub(crate) fn constrain(graph: &Graph, parameters: &mut Parameters, center: bool) {
    let steps = parameters.iter_mut().filter(|(spec, _)| spec.role == ParameterRole::Step);
    steps.for_each(|(_, step)| step.iter_mut().for_each(|step| *step = step.max(Quantizer::MIN_STEP)));
    for (id, _, conv) in graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights()) {
        let channels = graph.filter_channels(id);
        let latent = parameters.get_mut(id, "weight");
        latent.par_chunks_mut(channels * conv.kernel * conv.kernel).for_each(|filter| {
            if center && channels > 1 {
                center_taps(filter, channels);
            }
            filter.iter_mut().for_each(|weight| *weight = weight.clamp(-CLAMP, CLAMP));
        });
    }
}

fn center_taps(filter: &mut [f32], channels: usize) {
    let taps = filter.len() / channels;
    for tap in 0..taps {
        let mean = filter.iter().skip(tap).step_by(taps).sum::<f32>() / channels as f32;
        filter.iter_mut().skip(tap).step_by(taps).for_each(|weight| *weight -= mean);
    }
}

#[cfg(test)]
mod tests {
    use super::center_taps;

    #[test]
    fn centring_leaves_no_mean_at_any_tap() {
        let mut filter = [1.0, 10.0, 3.0, 20.0];
        center_taps(&mut filter, 2);
        assert_eq!(filter, [-1.0, -5.0, 1.0, 5.0]);
    }
}
