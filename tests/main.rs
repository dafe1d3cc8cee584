//! Tests of the `dabnet` program: one program, since each that is linked costs as long as its tests run.

mod analyze;
mod bench;
mod binarize;
mod clients;
mod common;
mod compare;
mod data;
mod dialects;
mod documents;
mod eval;
mod export;
mod firmware;
mod hybrid;
mod import;
mod looks;
mod messages;
mod networks;
mod photos;
mod quickstart;
mod recognize;
#[cfg(unix)]
mod serve;
mod summary;
mod teach;
mod teachers;
mod train;
#[cfg(unix)]
mod words;
