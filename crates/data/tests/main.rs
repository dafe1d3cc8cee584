//! Tests of `dabnet-data`: one program, since each that is linked costs as long as its tests run.

mod common;
mod data;
mod dataset;
mod hostile;
mod import;
mod loader;
mod split;
