use dabnet_binarize::{Scheme, split};
use dabnet_graph::{Graph, LayerCost, NetworkCost, Precision};
use serde::Serialize;

use crate::{TrainError, TrainedNetwork};

/// Lower bound of the error in a gain, so that layers without error can be ranked.
const LEAST_ERROR: f64 = 1e-6;

/// Relative error of binarizing the inputs of one convolution; see [`TrainedNetwork::input_distortions`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputDistortion {
    /// Name of the convolution.
    pub layer: String,
    /// The relative squared error, from 0 to 1.
    pub error: f64,
}

/// A layer whose inputs can be binary, with the cost and gain of keeping them real.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HybridLayer {
    /// Name of the layer.
    pub layer: String,
    /// Relative squared error of [binarizing its inputs](TrainedNetwork::input_distortions).
    pub error: f64,
    /// Multiply-accumulates in floating point, for one sketch, that keeping them real costs.
    pub macs: u64,
    /// Share of this cost in the total over all such layers.
    pub share: f64,
    /// Error per share of the cost.
    pub gain: f64,
    /// True if its inputs stay real.
    pub real: bool,
}

/// Chooses the layers that keep real inputs, from the activations of `trained` on `inputs`. `binary` is the
/// same architecture with policy `fbin`.
///
/// A layer with error `E` and cost `C` has the gain `g = E / (C / ΣC)`: the error avoided per share of the cost. The
/// `keep` layers with the greatest gains are chosen. By default these are the upper of two clusters of the gains'
/// logarithms, found by optimal two-means ([`Scheme::Dab`]); logarithms weigh half the error like twice the cost. If
/// all gains are equal, none is chosen.
///
/// Criterion and clusters follow *Hybrid Binary Networks* (Prabhu et al., WACV 2018), in a form of our own.
///
/// # Errors
/// [`TrainError::NoInput`], [`TrainError::InputLength`], [`TrainError::UnmeasuredLayer`] if `trained` lacks a layer of
/// `binary` or an error is not a number, and [`TrainError::TooManyRealLayers`].
pub fn hybrid_layers(
    trained: &TrainedNetwork,
    binary: &Graph,
    inputs: &[Vec<f32>],
    keep: Option<usize>,
) -> Result<Vec<HybridLayer>, TrainError> {
    let found = trained.input_distortions(inputs)?;
    let NetworkCost { layers, .. } = binary.cost();
    let layers: Vec<LayerCost> =
        layers.into_iter().filter(|layer| layer.precision == Precision::Fbin).collect();
    let all = layers.iter().map(|layer| layer.macs).sum::<u64>() as f64;
    let measured = |LayerCost { name, macs, .. }: LayerCost| {
        let error = found.iter().find(|found| found.layer == name).map(|found| found.error);
        let error = error
            .filter(|error| error.is_finite())
            .ok_or_else(|| TrainError::UnmeasuredLayer { layer: name.clone() })?;
        let share = macs as f64 / all;
        Ok(HybridLayer { layer: name, error, macs, share, gain: error.max(LEAST_ERROR) / share, real: false })
    };
    let mut layers = layers.into_iter().map(measured).collect::<Result<Vec<_>, TrainError>>()?;
    choose(&mut layers, keep)?;
    Ok(layers)
}

fn choose(layers: &mut [HybridLayer], keep: Option<usize>) -> Result<(), TrainError> {
    let count = layers.len();
    let keep = match keep {
        Some(keep) if keep > count => {
            return Err(TrainError::TooManyRealLayers { keep, count });
        }
        Some(keep) => keep,
        None => upper_group(layers)?,
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| layers[b].gain.total_cmp(&layers[a].gain));
    order[..keep].iter().for_each(|&index| layers[index].real = true);
    Ok(())
}

/// Number of layers in the upper of two clusters of gains.
fn upper_group(layers: &[HybridLayer]) -> Result<usize, TrainError> {
    if layers.is_empty() {
        return Ok(0);
    }
    let gains: Vec<f32> = layers.iter().map(|layer| layer.gain.ln() as f32).collect();
    let groups = split(Scheme::Dab, &gains).map_err(TrainError::LayerGains)?;
    Ok(if groups.count == layers.len() { 0 } else { groups.count })
}

#[cfg(test)]
mod tests {
    use dabnet_graph::{ConvSpec, GraphBuilder, Policy, Shape};

    use super::*;
    use crate::{Parameters, TrainConfig, WeightHistory, effective::effective_weights};

    fn graph(policy: &str) -> Graph {
        let policy: Policy = policy.parse().unwrap();
        let mut net = GraphBuilder::new("hand", &policy, Shape::new(1, 2, 2));
        net.conv("conv1", ConvSpec::new(2, 1));
        net.layer("conv2", ConvSpec::new(2, 1));
        net.layer("conv3", ConvSpec::new(4, 2));
        net.conv("conv4", ConvSpec::new(2, 1));
        net.build().unwrap()
    }

    /// The first convolution gives the canvas and its negative.
    fn trained(policy: &str) -> TrainedNetwork {
        let (graph, config) = (graph(policy), TrainConfig::default());
        let mut parameters = Parameters::new(&graph, 0);
        let first = graph.convolutions().next().unwrap().0;
        parameters.get_mut(first, "weight").copy_from_slice(&[1.0, -1.0]);
        let effective = effective_weights(&graph, &parameters, config.scheme, false).unwrap();
        TrainedNetwork::new(graph, config, parameters, effective, WeightHistory::default())
    }

    fn layer(gain: f64) -> HybridLayer {
        HybridLayer { layer: String::new(), error: 0.0, macs: 1, share: 1.0, gain, real: false }
    }

    fn chosen(gains: &[f64], keep: Option<usize>) -> Vec<bool> {
        let mut layers: Vec<HybridLayer> = gains.iter().copied().map(layer).collect();
        choose(&mut layers, keep).unwrap();
        layers.iter().map(|layer| layer.real).collect()
    }

    #[test]
    fn what_a_sign_loses_of_a_layer_is_what_it_would_by_hand() {
        let error = |policy: &str, input: [f32; 4]| {
            let errors = trained(policy).input_distortions(&[input.to_vec()]).unwrap();
            assert_eq!(errors[1].layer, "conv2");
            errors[1].error
        };
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-4, "{found}");
        // Normalized, (0, 0, 0, 4) is (−1, −1, −1, 3) / √3, of which ± the mean magnitude leaves a quarter.
        near(error("full", [0.0, 0.0, 0.0, 4.0]), 0.25);
        near(error("wbin", [0.0, 0.0, 0.0, 4.0]), 0.25);
        near(error("full", [5.0, 7.0, 7.0, 5.0]), 0.0);
        // A binary layer has its own normalization, here the identity: the sign reads (0, 0, 0, ±4).
        near(error("fbin", [0.0, 0.0, 0.0, 4.0]), 0.75);
        near(error("full", [3.0; 4]), 0.0);
    }

    #[test]
    fn batches_are_one_measure() {
        let inputs: Vec<Vec<f32>> = (0..70).map(|at| vec![0.0, at as f32, 1.0, -2.0]).collect();
        let network = trained("fbin");
        let whole = network.input_distortions(&inputs).unwrap()[1].error;
        let (mut absolute, mut squares) = (0.0, 0.0);
        for value in inputs.iter().flatten().map(|value| f64::from(*value)) {
            absolute += value.abs();
            squares += value * value;
        }
        assert!((whole - (1.0 - absolute * absolute / (280.0 * squares))).abs() < 1e-4);
        assert!(network.input_distortions(&[]).is_err() && network.input_distortions(&[vec![0.0]]).is_err());
    }

    #[test]
    fn error_stands_against_cost() {
        let inputs = [vec![0.0, 0.0, 0.0, 4.0], vec![1.0, 0.0, -3.0, 0.0]];
        let layers = hybrid_layers(&trained("full"), &graph("fbin"), &inputs, Some(1)).unwrap();
        // 2 · 2 weights in four places, and 4 · 8 in one.
        assert_eq!(layers.iter().map(|layer| layer.macs).collect::<Vec<_>>(), [16, 32]);
        assert!((layers[0].share - 1.0 / 3.0).abs() < 1e-12);
        assert!(layers.iter().all(|layer| layer.gain == layer.error.max(LEAST_ERROR) / layer.share));
        assert_eq!(layers.iter().filter(|layer| layer.real).count(), 1);
        let all = hybrid_layers(&trained("full"), &graph("fbin"), &inputs, Some(3));
        assert!(all.unwrap_err().to_string().contains("only 2"));
    }

    #[test]
    fn the_upper_of_two_groups_is_chosen() {
        assert_eq!(chosen(&[1.0, 40.0, 2.0, 55.0, 1.5], None), [false, true, false, true, false]);
        assert_eq!(chosen(&[3.0, 3.0, 3.0], None), [false; 3]);
        assert_eq!(chosen(&[1.0, 40.0, 2.0], Some(2)), [false, true, true]);
        assert_eq!(chosen(&[1.0, 40.0], Some(0)), [false; 2]);
    }
}
