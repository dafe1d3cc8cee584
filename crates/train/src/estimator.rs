//! Straight-through estimators: from the gradient of an effective weight to that of its latent weight, and
//! gradient scaling of quantizer steps.

use dabnet_binarize::{Scheme, Split};
use dabnet_graph::{Graph, OpKind, Quantizer};

use crate::{EffectiveWeights, Parameters};

/// Scales the gradients of quantizer steps by `1 / √(N · (2ᵇ − 1))`, with `N` values per example, so that
/// steps move about as fast as weights (*LSQ*, section 2.2). `gradients` has one buffer for each trained
/// parameter, in the order of the table.
pub(crate) fn scale_steps(graph: &Graph, parameters: &Parameters, gradients: &mut [Vec<f32>]) {
    let trained = parameters.iter().filter(|(spec, _)| spec.role.is_trained());
    for ((spec, _), gradient) in trained.zip(gradients) {
        let OpKind::Quantize { bits } = graph.nodes()[spec.node].op.kind() else { continue };
        let levels = graph.shape(spec.node).elements() * Quantizer::highest(bits);
        gradient.iter_mut().for_each(|gradient| *gradient /= (levels as f32).sqrt());
    }
}

/// Scales `gradients`, one buffer for each trained parameter in the order of the table, as published. Layers
/// that run with real weights are left unchanged.
pub(crate) fn scale_as_published(
    graph: &Graph,
    parameters: &Parameters,
    effective: &[Option<EffectiveWeights>],
    scheme: Scheme,
    gradients: &mut [Vec<f32>],
) {
    let trained = parameters.iter().filter(|(spec, _)| spec.role.is_trained());
    for ((spec, latent), gradient) in trained.zip(gradients) {
        let Some(EffectiveWeights { splits, .. }) = &effective[spec.node] else { continue };
        let n = latent.len() / spec.shape[0];
        let share = uncentered_share(graph.filter_channels(spec.node));
        let filters = gradient.chunks_mut(n).zip(latent.chunks(n)).zip(splits);
        for ((gradient, latent), split) in filters {
            scale_filter(gradient, latent, split, scheme, share);
        }
    }
}

/// Factor on a weight's own gradient that subtracting the mean over `channels` leaves. Filters of one channel
/// are never centered: they would learn nothing.
fn uncentered_share(channels: usize) -> f32 {
    if channels > 1 { 1.0 - 1.0 / channels as f32 } else { 1.0 }
}

fn scale_filter(gradient: &mut [f32], latent: &[f32], split: &Split, scheme: Scheme, share: f32) {
    let n = latent.len() as f32;
    let (upper, lower) = match scheme {
        Scheme::Sign => ((1.0, n * split.alpha.abs()), (1.0, n * split.beta.abs())),
        _ => {
            let count = split.count as f32;
            ((1.0 / count, split.alpha.abs()), (1.0 / (n - count), split.beta.abs()))
        }
    };
    for (gradient, &weight) in gradient.iter_mut().zip(latent) {
        let (always, within) = if split.is_upper(weight) { upper } else { lower };
        *gradient *= share * if weight.abs() < 1.0 { always + within } else { always };
    }
}

#[cfg(test)]
mod tests {
    use dabnet_binarize::split;

    use super::*;

    fn scaled(scheme: Scheme, latent: &[f32], share: f32) -> Vec<f32> {
        let mut gradient = vec![1.0; latent.len()];
        scale_filter(&mut gradient, latent, &split(scheme, latent).unwrap(), scheme, share);
        gradient
    }

    #[test]
    fn two_free_values_scale_by_their_share_and_size() {
        // K = 1 with α = 1, the others with β = -0.2.
        let gradient = scaled(Scheme::Dab, &[1.0, -0.1, -0.2, -0.3], 0.5);
        let below = 0.5 * (1.0 / 3.0 + 0.2);
        for (found, expected) in gradient.iter().zip([0.5, below, below, below]) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }

    #[test]
    fn sign_scales_by_the_mean_magnitude() {
        let gradient = scaled(Scheme::Sign, &[1.0, -0.5, 0.3, -0.2], 1.0);
        for (found, expected) in gradient.iter().zip([1.0, 3.0, 3.0, 3.0]) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }

    #[test]
    fn equal_weights_have_finite_gradients() {
        assert!(scaled(Scheme::Dab, &[0.2; 4], 1.0).iter().all(|gradient| gradient.is_finite()));
    }
}
