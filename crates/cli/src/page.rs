//! What the pages that the program writes are made of.

mod axes;
pub(crate) mod card;
pub(crate) mod chart;
pub(crate) mod document;
pub(crate) mod drawing;
pub(crate) mod histogram;
pub(crate) mod number;
mod palette;
pub(crate) mod picture;
pub(crate) mod ticks;
pub(crate) mod tiles;
