//! Tests of `dabnet-train`: one program, since each that is linked costs as long as its tests run.

mod agreement;
mod checkpoint;
mod common;
mod recipes;
mod resume;
mod run;
mod teachers;
mod training;
