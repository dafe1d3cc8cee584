//! The families, drawn.

use dabnet_binarize::Scheme;

use super::{
    distribution::Distribution,
    families::Row,
    limit::Limit,
    measured::{LENGTHS, Measured},
};
use dabnet_report::plot::{Axis, Figure, LineStyle, Panel, Series};

/// In the order in which they are drawn.
const SCHEMES: [(Scheme, LineStyle, &str); 4] = [
    (Scheme::Sign, LineStyle::SIGN, "sign (XNOR-Net)"),
    (Scheme::Mean, LineStyle::MEAN, "mean (AdaBin)"),
    (Scheme::DabPublished, LineStyle::PUBLISHED, "dab-published"),
    (Scheme::Dab, LineStyle::DAB, "dab: the optimum"),
];

fn legend() -> Vec<(LineStyle, &'static str)> {
    SCHEMES.iter().map(|&(_, style, name)| (style, name)).collect()
}

fn error_axis(to: f64, step: f64) -> Axis {
    Axis::linear("relative squared error", 0.0, to, step)
}

/// Error in the limit against what makes two heaps what they are.
pub(super) fn forms() -> Figure {
    let apart = |share: f64| move |x: f64| Distribution::heaps(share, x).with_mean(0.0);
    let distance = || Axis::linear("distance of the heaps, in their sd", 0.0, 8.0, 2.0);
    let share = Axis::linear("share of the upper heap", 0.0, 0.5, 0.1);
    let mean = Axis::linear("mean of the weights, in sd of a heap", 0.0, 6.0, 1.0);
    Figure {
        description: "Relative squared error of four schemes on two Gaussian heaps, against their \
                      distance, balance and mean"
            .to_owned(),
        legend: legend(),
        columns: 2,
        panels: vec![
            panel("Two even heaps, mean 0", distance(), (0.0, 8.0), apart(0.5)),
            panel("Heaps of 20 % and 80 %, mean 0", distance(), (0.0, 8.0), apart(0.2)),
            panel("Heaps 4 sd apart, mean 0", share, (0.005, 0.5), |share| {
                Distribution::heaps(share, 4.0).with_mean(0.0)
            }),
            panel("Heaps of 20 % and 80 %, 4 sd apart, moved", mean, (0.0, 6.0), |mean| {
                Distribution::heaps(0.2, 4.0).with_mean(mean)
            }),
        ],
    }
}

fn panel(title: &str, x: Axis, range: (f64, f64), of: impl Fn(f64) -> Distribution) -> Panel {
    const POINTS: usize = 96;
    let at = |index: usize| range.0 + (range.1 - range.0) * index as f64 / POINTS as f64;
    let limits: Vec<(f64, Limit)> =
        (0..=POINTS).map(|index| (at(index), Limit::of(&of(at(index))))).collect();
    let line = |&(scheme, style, _): &(Scheme, LineStyle, &str)| {
        Series::line(style, limits.iter().map(|(x, limit)| (*x, limit.error(scheme))))
    };
    let y = error_axis(1.0, 0.2);
    Panel { title: title.to_owned(), x, y, series: SCHEMES.iter().map(line).collect(), notes: Vec::new() }
}

const SIZES: [&str; 6] = [
    "Gaussian",
    "Laplace",
    "Student t, 3 degrees",
    "exponential",
    "heaps 20:80, 4 sd apart",
    "90 % zeros, a Gaussian few",
];

/// Error against the length of the filter.
pub(super) fn sizes(rows: &[Row]) -> Figure {
    let panels = rows.iter().filter(|row| SIZES.contains(&row.family.name.as_str())).map(size).collect();
    Figure {
        description: "Relative squared error of four schemes on six families, against the length of the \
                      filter"
            .to_owned(),
        legend: legend(),
        columns: 3,
        panels,
    }
}

fn size(row: &Row) -> Panel {
    let ticks = [9, 64, 576, 65536].map(|n: i32| (f64::from(n), n.to_string())).to_vec();
    let line = |&(scheme, style, _): &(Scheme, LineStyle, &str)| {
        let point = |(&n, measured): (&usize, &Measured)| (n as f64, measured.error(scheme).mean());
        Series::line(style, LENGTHS.iter().zip(&row.measured).map(point))
    };
    let name = &row.family.name;
    Panel {
        title: name[..1].to_uppercase() + &name[1..],
        x: Axis::logarithmic("weights in a filter", 9.0, 65536.0, ticks),
        y: error_axis(1.0, 0.2),
        series: SCHEMES.iter().map(line).collect(),
        notes: Vec::new(),
    }
}
