//! The networks that multiply, as a document.

use dabnet_binarize::Scheme;

use super::{
    construction::Values,
    experiment::{self, INPUTS, SEEDS, STEPS, Trained, WAYS},
    network::{Network, Weights},
    nonlinearity::Nonlinearity,
    table::{header, table},
    tally::Tally,
};
use crate::error::XtaskError;

#[derive(Debug)]
pub(super) struct Results {
    /// Errors of the constructions, in the order of [`CONSTRUCTIONS`].
    pub constructed: Vec<Curves>,
    /// Errors of all neurons of the construction with the best readout, of all but one, of half.
    pub subsets: Vec<Vec<Curve>>,
    pub trained: Vec<Trained>,
}

/// Error against `λ`.
pub(super) type Curve = Vec<(f64, f64)>;

/// One for each of [`INPUTS`].
pub(super) type Curves = Vec<Curve>;

pub(super) const CONSTRUCTIONS: [(Values, Nonlinearity, &str); 3] = [
    (Values::Opposite, Nonlinearity::Exp, "weights ±λ, exponential"),
    (Values::Opposite, Nonlinearity::Sigmoid, "weights ±λ, sigmoid with a bias of ½"),
    (Values::OnOff, Nonlinearity::Exp, "weights λ and 0, exponential"),
];

const SUBSETS: [&str; 3] = ["2ⁿ neurons", "2ⁿ − 1", "2ⁿ / 2"];

impl Results {
    pub(super) fn compute() -> Result<Self, XtaskError> {
        let constructed = CONSTRUCTIONS.map(|(values, nonlinearity, _)| {
            curves(|test, lambda| experiment::constructed(test, lambda, values, nonlinearity))
        });
        Ok(Self { constructed: constructed.to_vec(), subsets: subsets(), trained: experiment::train_all()? })
    }

    pub(super) fn document(&self) -> String {
        let mut text = format!(
            "# Networks that multiply\n\n\
             How well flat networks (one hidden layer) fit `x₁x₂⋯xₙ` on `[−1, 1]ⁿ`: relative squared\n\
             error over {} points. Written by `cargo xtask theory`; what follows from the numbers is in\n\
             [theory.md](../theory.md).\n\n\
             ## Written down\n\n\
             All `2ⁿ` patterns of two values in the first layer; every readout weight is the same\n\
             constant with a sign. In `f64`: where a row falls and rises again, the rise is rounding.\n",
            experiment::test_points(2).points.len(),
        );
        for ((.., name), curves) in CONSTRUCTIONS.iter().zip(&self.constructed) {
            text += &format!("\n### {}\n\n{}", capital(name), by_lambda(curves));
        }
        text += "\n## Fewer neurons\n\n\
                 Neurons of the first kind, weights ±λ and the exponential, with the best readout weights\n\
                 there are (least squares); which are left out is random, mean of 5 choices.\n";
        for (name, curves) in SUBSETS.iter().zip(&self.subsets) {
            text += &format!("\n### {name}\n\n{}", by_lambda(curves));
        }
        text += &format!(
            "\n## Trained\n\n\
             Exponential hidden layer, real readout weights, {STEPS} steps of Adam (rate {}, falling as a\n\
             cosine to 0); every step sees {} fresh points in all their `2ⁿ` reflections. Split first\n\
             layers: two values a neuron, gradients straight through, latent weights within ±1. Mean ±\n\
             standard deviation over {SEEDS} seeds; in brackets the best of these.\n\n",
            Network::RATE,
            Network::POINTS,
        );
        text + &self.trained_table()
    }

    fn trained_table(&self) -> String {
        let names = WAYS.map(way_name);
        let head = header(["n", "neurons"].into_iter().chain(names));
        let rows = self.trained.chunks(WAYS.len()).map(|row| {
            let cells = [row[0].inputs.to_string(), neurons_name(&row[0])];
            cells.into_iter().chain(row.iter().map(cell)).collect()
        });
        table(&head, rows)
    }
}

pub(super) fn way_name(weights: Weights) -> &'static str {
    match weights {
        Weights::Split(Scheme::Sign) => "sign",
        Weights::Split(Scheme::Dab) => "dab",
        Weights::Split(_) => "split",
        Weights::Real => "real weights",
    }
}

fn neurons_name(trained: &Trained) -> String {
    let all = 1 << trained.inputs;
    let name = match trained.neurons {
        half if 2 * half == all => "2ⁿ / 2",
        less if less < all => "2ⁿ − 1",
        same if same == all => "2ⁿ",
        _ => "2 · 2ⁿ",
    };
    format!("{name} = {}", trained.neurons)
}

fn cell(trained: &Trained) -> String {
    let tally: Tally = trained.errors.iter().copied().collect();
    let least = trained.errors.iter().copied().fold(f64::INFINITY, f64::min);
    format!("{} ± {} ({})", short(tally.mean()), short(tally.deviation()), short(least))
}

/// Two digits that count.
pub(super) fn short(x: f64) -> String {
    if x >= 0.01 { format!("{x:.3}") } else { format!("{x:.1e}") }
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

fn lambdas() -> impl Iterator<Item = f64> {
    (0..=12).map(|power| 0.5f64.powi(power))
}

fn curves(error: impl Fn(&super::product::Product, f64) -> f64) -> Curves {
    let curve = |inputs| {
        let test = experiment::test_points(inputs);
        lambdas().map(|lambda| (lambda, error(&test, lambda))).collect()
    };
    INPUTS.map(curve).collect()
}

fn subsets() -> Vec<Curves> {
    let kept: [fn(usize) -> usize; 3] = [|all| all, |all| all - 1, |all| all / 2];
    let subset = |kept: fn(usize) -> usize| {
        curves(|test, lambda| {
            let neurons = kept(1 << test.points[0].len());
            experiment::subset(test, lambda, neurons, Nonlinearity::Exp).mean()
        })
    };
    kept.map(subset).to_vec()
}

fn by_lambda(curves: &[Curve]) -> String {
    let head = header(["λ".to_owned()].into_iter().chain(INPUTS.map(|n| format!("n = {n}"))));
    let row = |(index, lambda): (usize, f64)| {
        let name = if index == 0 { "1".to_owned() } else { format!("1/{}", 1.0 / lambda) };
        [name].into_iter().chain(curves.iter().map(|curve| short(curve[index].1))).collect()
    };
    table(&head, lambdas().enumerate().map(row))
}
