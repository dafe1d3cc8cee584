//! Computing only where a canvas has ink.

mod active_mask;
mod background;
mod ink;

pub(crate) use active_mask::{Place, Touched};
pub(crate) use background::{Blank, BlankRows, Blanks};
pub(crate) use ink::{Band, Ink, InkCapacity};
