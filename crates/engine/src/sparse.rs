//! Sparse execution: only positions that ink reaches are computed, all others are the background, the results
//! for a blank canvas.

mod active_mask;
mod background;
mod ink;

pub(crate) use active_mask::{ActiveMask, GridPosition};
pub(crate) use background::{BackgroundRows, BackgroundStore, StepBackground};
pub(crate) use ink::{InkBand, InkCapacity, InkList};
