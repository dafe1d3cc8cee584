use super::{distribution::Distribution, form::Form};

/// A named form of data.
#[derive(Debug)]
pub(super) struct Family {
    pub name: String,
    pub distribution: Distribution,
}

/// Every family of the tables, kin next to each other.
pub(super) fn all() -> Vec<Family> {
    [symmetric(), skewed(), heaps(), sparse()].into_iter().flatten().collect()
}

fn named(name: impl Into<String>, distribution: Distribution) -> Family {
    Family { name: name.into(), distribution }
}

fn symmetric() -> Vec<Family> {
    vec![
        named("Gaussian", Distribution::of(Form::Normal)),
        named("Gaussian, mean 1 sd", Distribution::of(Form::Normal).with_mean(1.0)),
        named("uniform", Distribution::of(Form::Uniform)),
        named("Laplace", Distribution::of(Form::Laplace)),
        named("Student t, 3 degrees", Distribution::of(Form::StudentT3)),
    ]
}

fn skewed() -> Vec<Family> {
    let mut families = Vec::new();
    for shape in [2.0, 5.0, 20.0] {
        let skewed = Distribution::of(Form::SkewNormal(shape)).with_mean(0.0);
        families.push(named(format!("skew-normal, shape {shape}"), skewed));
    }
    families.push(named("skew-normal, shape 5, uncentered", Distribution::of(Form::SkewNormal(5.0))));
    let positive = [
        ("exponential", Form::Exponential),
        ("lognormal, σ = ½", Form::LogNormal(0.5)),
        ("lognormal, σ = 1", Form::LogNormal(1.0)),
    ];
    for (name, form) in positive {
        families.push(named(name, Distribution::of(form).with_mean(0.0)));
        families.push(named(format!("{name}, uncentered"), Distribution::of(form)));
    }
    families
}

fn heaps() -> Vec<Family> {
    let mut families = Vec::new();
    for separation in [2.0, 4.0, 8.0] {
        let heaps = Distribution::heaps(0.5, separation).with_mean(0.0);
        families.push(named(format!("heaps 50:50, {separation} sd apart"), heaps));
    }
    for (name, share, separation) in [
        ("35:65", 0.35, 4.0),
        ("20:80", 0.2, 4.0),
        ("20:80", 0.2, 8.0),
        ("10:90", 0.1, 4.0),
        ("5:95", 0.05, 4.0),
    ] {
        let heaps = Distribution::heaps(share, separation).with_mean(0.0);
        families.push(named(format!("heaps {name}, {separation} sd apart"), heaps));
    }
    for (name, share) in [("50:50", 0.5), ("20:80", 0.2)] {
        let uncentered = Distribution::heaps(share, 4.0);
        families.push(named(format!("heaps {name} at 4 and 0 sd, uncentered"), uncentered));
    }
    families
}

fn sparse() -> Vec<Family> {
    let few = |parts: &[(f64, Form, f64, f64)]| {
        Distribution::mixture(&[&[(0.9, Form::Zero, 1.0, 0.0)], parts].concat())
    };
    let peak = Distribution::mixture(&[(0.9, Form::Normal, 0.1, 0.0), (0.1, Form::Normal, 1.0, 0.0)]);
    vec![
        named("90 % of sd 0.1, 10 % of sd 1", peak),
        named("90 % zeros, a Gaussian few", few(&[(0.1, Form::Normal, 1.0, 0.0)])),
        named(
            "90 % zeros, a few near ±1",
            few(&[(0.05, Form::Normal, 0.1, 1.0), (0.05, Form::Normal, 0.1, -1.0)]),
        ),
        named("90 % zeros, a few near +1", few(&[(0.1, Form::Normal, 0.1, 1.0)])),
    ]
}
