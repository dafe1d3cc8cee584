//! The networks that multiply, drawn.

use dabnet_binarize::Scheme;

use super::{
    experiment::{INPUTS, Trained, WAYS},
    monomials::{Curve, Results},
    network::Weights,
};
use dabnet_report::plot::{Axis, Figure, LineStyle, Panel, Series};

pub(super) fn figure(results: &Results) -> Figure {
    Figure {
        description: "How well flat networks fit a product: with weights of plus and minus lambda, with \
                      neurons left out, and trained"
            .to_owned(),
        legend: vec![
            (LineStyle::FULL, "real weights"),
            (SIGN, "±λ, sign (XNOR-Net)"),
            (LineStyle::DAB, "dab"),
            (LineStyle::PUBLISHED, "neurons left out"),
        ],
        columns: 2,
        panels: vec![
            constructed(results),
            subsets(results),
            trained(results, "Trained, 2ⁿ neurons, a dot a seed", 1),
            trained(results, "Trained, 2 · 2ⁿ neurons, a dot a seed", 2),
        ],
    }
}

/// Nothing coincides here, so all lines are thin.
const SIGN: LineStyle = LineStyle { width: 1.6, ..LineStyle::SIGN };

fn lambda_axis() -> Axis {
    let tick =
        |power: i32| (0.5f64.powi(power), if power == 0 { "1".into() } else { format!("1/{}", 1 << power) });
    Axis::logarithmic("λ", 1.0, 0.5f64.powi(12), [0, 3, 6, 9, 12].map(tick).to_vec())
}

fn error_axis() -> Axis {
    Axis::decades("relative squared error", -20, 4, 4)
}

fn constructed(results: &Results) -> Panel {
    let curves = &results.constructed[0];
    let note = |(n, curve): (usize, &Curve)| {
        let (lambda, error) = curve.iter().copied().rfind(|point| point.1 < 1e4).unwrap_or_default();
        // Above a line that rises towards its end, below one that falls.
        let falls = curve.iter().all(|point| point.1 >= error);
        (lambda, error * if falls { 0.05 } else { 20.0 }, format!("n = {n}"))
    };
    Panel {
        title: "Written down, 2ⁿ neurons".to_owned(),
        x: lambda_axis(),
        y: error_axis(),
        series: curves.iter().map(|curve| Series::line(SIGN, curve.iter().copied())).collect(),
        notes: INPUTS.zip(curves).map(note).collect(),
    }
}

fn subsets(results: &Results) -> Panel {
    let style = |kept: usize| if kept == 0 { SIGN } else { LineStyle::PUBLISHED };
    let of_three = |kept: usize| Series::line(style(kept), results.subsets[kept][1].iter().copied());
    let half_way = 0.5f64.powi(7);
    Panel {
        title: "n = 3, the best readout there is".to_owned(),
        x: lambda_axis(),
        y: error_axis(),
        series: (0..results.subsets.len()).map(of_three).collect(),
        notes: vec![
            (half_way, 1e-12, "8 neurons".to_owned()),
            (half_way, 1e-2, "7 neurons, 4 neurons".to_owned()),
        ],
    }
}

fn trained(results: &Results, title: &str, times: usize) -> Panel {
    let series = |(index, &weights): (usize, &Weights)| {
        let style = match weights {
            Weights::Split(Scheme::Sign) => SIGN,
            Weights::Split(_) => LineStyle::DAB,
            Weights::Real => LineStyle::FULL,
        };
        let is_it = |t: &&Trained| t.weights == weights && t.neurons == times << t.inputs;
        // Side by side, so that the ways do not cover each other.
        let aside = 0.14 * (index as f64 - 1.0);
        let points = |t: &Trained| -> Vec<(f64, f64)> {
            t.errors.iter().map(|&error| (t.inputs as f64 + aside, error)).collect()
        };
        Series::dots(style, results.trained.iter().filter(is_it).flat_map(points))
    };
    Panel {
        title: title.to_owned(),
        x: Axis::linear("n", 1.6, 5.4, 1.0).with_ticks(INPUTS.map(|n| (n as f64, n.to_string())).collect()),
        y: Axis::decades("relative squared error", -4, 0, 1),
        series: WAYS.iter().enumerate().map(series).collect(),
        notes: Vec::new(),
    }
}
