//! Networks fitted to the product, by what their weights may be and how many neurons they have.

use dabnet_binarize::Scheme;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::{
    construction::{Construction, Values},
    least_squares::residual,
    network::{Network, Weights},
    nonlinearity::Nonlinearity,
    product::{Product, dot},
    tally::Tally,
};
use crate::error::XtaskError;

pub(super) const INPUTS: std::ops::RangeInclusive<usize> = 2..=5;
pub(super) const WAYS: [Weights; 3] =
    [Weights::Real, Weights::Split(Scheme::Sign), Weights::Split(Scheme::Dab)];
pub(super) const SEEDS: u64 = 5;
pub(super) const STEPS: usize = 12_000;
const TEST_POINTS: usize = 2000;

/// A trained kind of network over all seeds.
#[derive(Clone, Debug)]
pub(super) struct Trained {
    pub inputs: usize,
    pub neurons: usize,
    pub weights: Weights,
    /// Relative squared error, seed by seed.
    pub errors: Vec<f64>,
}

/// Half as many neurons as the theorem asks for, one too few, as many, and twice as many.
pub(super) fn widths(inputs: usize) -> [usize; 4] {
    let all = 1 << inputs;
    [all / 2, all - 1, all, 2 * all]
}

pub(super) fn train_all() -> Result<Vec<Trained>, XtaskError> {
    let cases: Vec<_> = INPUTS
        .flat_map(|inputs| widths(inputs).map(|neurons| (inputs, neurons)))
        .flat_map(|(inputs, neurons)| WAYS.map(|weights| (inputs, neurons, weights)))
        .collect();
    cases.into_par_iter().map(|(inputs, neurons, weights)| train(inputs, neurons, weights)).collect()
}

fn train(inputs: usize, neurons: usize, weights: Weights) -> Result<Trained, XtaskError> {
    let test = test_points(inputs);
    let error = |seed| {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut network = Network::new(inputs, neurons, weights, &mut rng);
        network.train(STEPS, &mut rng)?;
        network.relative_error(&test)
    };
    Ok(Trained { inputs, neurons, weights, errors: (0..SEEDS).map(error).collect::<Result<_, _>>()? })
}

pub(super) fn test_points(inputs: usize) -> Product {
    Product::sample(inputs, TEST_POINTS, &mut Pcg64::seed_from_u64(1000 + inputs as u64))
}

/// The construction's error at a scale.
pub(super) fn constructed(test: &Product, lambda: f64, values: Values, nonlinearity: Nonlinearity) -> f64 {
    let net = Construction::new(test.points[0].len(), lambda, values, nonlinearity);
    test.relative_error(|x| net.at(x))
}

/// The least error of any readout of so many of the `2ⁿ` neurons with weights `±λ`, over some
/// choices of which.
pub(super) fn subset(test: &Product, lambda: f64, neurons: usize, nonlinearity: Nonlinearity) -> Tally {
    let net = Construction::new(test.points[0].len(), lambda, Values::Opposite, nonlinearity);
    let column = |first: &Vec<f64>| test.points.iter().map(|x| nonlinearity.at(dot(first, x))).collect();
    let mut columns: Vec<Vec<f64>> = net.first.iter().map(column).collect();
    let mut rng = Pcg64::seed_from_u64(0);
    let choice = |_| {
        columns.shuffle(&mut rng);
        residual(&columns[..neurons], &test.targets)
    };
    (0..SEEDS).map(choice).collect()
}
