//! The two values that fit weights best, and the error that each scheme leaves: `cargo run --release --bin binarize`.

use dabnet_binarize::{Scheme, SplitError, split};

fn main() -> Result<(), SplitError> {
    // A filter that looks for a dark line on light paper: few large weights among many small ones.
    let filter = [-0.2, 0.9, -0.1, -0.3, 1.1, -0.2, -0.1, 1.0, -0.2];
    let norm: f32 = filter.iter().map(|weight| weight * weight).sum();
    for scheme in [Scheme::Sign, Scheme::Mean, Scheme::Dab] {
        let split = split(scheme, &filter)?;
        let value = |weight: f32| if weight >= split.cut { split.alpha } else { split.beta };
        let error: f32 = filter.iter().map(|weight| (weight - value(*weight)).powi(2)).sum();
        println!(
            "{scheme:<5} α = {:+.3} for {} weights, β = {:+.3} for the others: {:.1} % of the square is lost",
            split.alpha,
            split.count,
            split.beta,
            100.0 * error / norm
        );
    }
    Ok(())
}
