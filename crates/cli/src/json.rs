//! Writing JSON where it is asked for.

use std::io::{self, Write};

use serde::Serialize;

/// One value, one line.
pub(crate) fn print_line(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)
}
