//! Pages, charts and tables from results: data in, text or pixels out.
//!
//! - [`WeightAnalysis`]: how a network's weights are distributed and how well two values per filter fit them.
//! - [`QuickstartReport`]: one network trained in several ways on the bundled sketches.
//! - [`Comparison`]: finished runs side by side, as a table and as a section of a Markdown document.
//! - [`plot`]: axes and charts as SVG, in pages and as figures of their own.
//! - [`ContactSheet`]: sketches side by side, as PNG.
//!
//! Nothing here parses arguments, writes files or prints.
//!
//! ```
//! use dabnet_report::{SheetCell, ContactSheet, format};
//!
//! assert_eq!(format::grouped(1_234_567), "1,234,567");
//! let mut sheet = ContactSheet::new(32, 2, 1, 0);
//! sheet.set_cell(0, 0, &SheetCell::Ink(vec![255; 32 * 32]), "black");
//! assert!(sheet.to_png().starts_with(b"\x89PNG"));
//! ```
#![forbid(unsafe_code)]

mod comparison;
pub mod format;
mod page;
pub mod plot;
mod quickstart;
mod sheet;
mod weights;

pub use comparison::{
    ComparedData, ComparedNetwork, ComparedRun, ComparedSettings, Comparison, Estimate, NetworkKind,
    replace_section,
};
pub use quickstart::{LatentLayer, NetworkReport, QuickstartReport, Recognition, TestSketch};
pub use sheet::{ContactSheet, SheetCell};
pub use weights::{
    FitError, LayerAnalysis, ProbeSketch, Quartiles, ReportError, TensorSummary, WeightAnalysis,
    WeightSummary,
};
