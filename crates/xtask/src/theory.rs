//! The numbers and figures of `docs/theory.md`.

#[cfg(test)]
mod claims;
mod construction;
mod distribution;
mod experiment;
mod families;
mod families_figure;
mod family;
mod form;
mod least_squares;
mod limit;
mod measured;
mod monomials;
mod monomials_figure;
mod network;
mod nonlinearity;
mod product;
mod table;
mod tally;

use std::{fs, path::Path};

use crate::error::XtaskError;

/// Writes every table and figure to a folder.
pub(crate) fn write(out: &Path) -> Result<(), XtaskError> {
    let path = out.to_owned();
    fs::create_dir_all(out).map_err(|source| XtaskError::Write { path, source })?;
    let measured = families::measure()?;
    write_file(out, "families.md", &families::document(&measured))?;
    write_file(out, "families.svg", &families_figure::forms().svg())?;
    write_file(out, "sizes.svg", &families_figure::sizes(&measured).svg())?;
    let results = monomials::Results::compute()?;
    write_file(out, "monomials.md", &results.document())?;
    write_file(out, "monomials.svg", &monomials_figure::figure(&results).svg())
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<(), XtaskError> {
    let path = folder.join(name);
    println!("{}", path.display());
    fs::write(&path, text).map_err(|source| XtaskError::Write { path, source })
}
