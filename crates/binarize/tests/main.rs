//! Tests of `dabnet-binarize`: one program, since each that is linked costs as long as its tests run.

mod published;
mod split;
mod statistics;
