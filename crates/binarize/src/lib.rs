//! Distribution-aware binarization: a filter as the two values that fit it best.
//!
//! A filter `W ∈ ℝⁿ` becomes `W̃ = αe + β(1 − e)` with `e ∈ {0, 1}ⁿ`. Given `e`, the squared
//! error `‖W − W̃‖²` is least when `α` and `β` are the means of the weights they stand for, and
//! what remains is `‖W‖² − gain`, with
//!
//! ```text
//! gain = (Wᵀe)² / K + (Wᵀ(1 − e))² / (n − K),   K = eᵀe.
//! ```
//!
//! For a given `K` the best `e` takes the `K` largest weights (or, by symmetry, the `K`
//! smallest), so sorting and one pass over prefix sums find the optimum in `O(n log n)`
//! (*Distribution-Aware Binarization of Neural Networks for Sketch Recognition*, WACV 2018,
//! section 3). [`Scheme::Dab`] is that optimum; the other schemes are what it is compared with.
//!
//! ```
//! use dabnet_binarize::{Scheme, split};
//!
//! let filter = [0.9, 1.1, -0.2, 0.0, 0.2];
//! let dab = split(Scheme::Dab, &filter)?;
//! assert_eq!((dab.alpha, dab.count), (1.0, 2));
//! assert!(dab.beta.abs() < 1e-6);
//! # Ok::<(), dabnet_binarize::SplitError>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

mod error;
mod granularity;
mod objective;
mod optimum;
mod published;
mod refine;
mod scheme;
mod split;
#[cfg(any(feature = "std", feature = "libm"))]
mod statistics;

pub use error::SplitError;
pub use granularity::{Granularity, UnknownGranularity};
pub use refine::refine;
pub use scheme::{Scheme, UnknownScheme, split};
pub use split::Split;
#[cfg(any(feature = "std", feature = "libm"))]
pub use statistics::{DistributionShape, FilterStatistics, SchemeFit, WeightMoments};
