//! Tests of `dabnet-sketch`: one program, since each that is linked costs as long as its tests run.

mod augment;
mod bitmap;
mod common;
mod drawing;
mod files;
mod golden;
mod image;
mod ndjson;
mod published;
mod records;
mod scene;
mod seen;
mod svg;
