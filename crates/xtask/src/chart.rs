//! Figures as SVG, readable on any background.

mod axis;
mod figure;
mod panel;
mod style;

pub use axis::Axis;
pub use figure::Figure;
pub use panel::{Panel, Series};
pub use style::Style;
