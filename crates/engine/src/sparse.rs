//! Computing only where a canvas has ink.

mod active_mask;
mod background;
mod ink;

pub(crate) use active_mask::{ActiveMask, GridPosition};
pub(crate) use background::{BackgroundRows, BackgroundStore, StepBackground};
pub(crate) use ink::{InkBand, InkCapacity, InkList};
