//! The families, measured, as a document.

use std::fmt::Display;

use dabnet_binarize::Scheme;
use rayon::prelude::*;

use super::{
    family::{self, Family},
    limit::Limit,
    measured::{LENGTHS, Measured, filters},
    table::{header, table},
};
use crate::error::XtaskError;

/// A family in the limit and at every one of [`LENGTHS`].
#[derive(Debug)]
pub(super) struct Row {
    pub family: Family,
    pub limit: Limit,
    pub measured: Vec<Measured>,
}

pub(super) fn measure() -> Result<Vec<Row>, XtaskError> {
    let rows = family::all().into_par_iter().enumerate().map(|(index, family)| {
        let measure = |(length, &n): (usize, &usize)| {
            Measured::of(&family.distribution, n, (index * LENGTHS.len() + length) as u64)
        };
        let measured = LENGTHS.iter().enumerate().map(measure).collect::<Result<_, _>>()?;
        Ok(Row { limit: Limit::of(&family.distribution), family, measured })
    });
    rows.collect()
}

pub(super) fn document(rows: &[Row]) -> String {
    let counts: Vec<String> = LENGTHS.iter().map(|&n| format!("{} of {n}", filters(n))).collect();
    let mut text = format!(
        "# What two values carry of well-known forms\n\n\
         Relative squared errors, `‖W − W̃‖² / ‖W‖²`. Written by `cargo xtask theory`; what follows from\n\
         them is in [theory.md](../theory.md).\n\n\
         Unless it says otherwise, a family has mean 0. *Heaps a:b* are two Gaussians of standard\n\
         deviation 1 with a and b per cent of the weights, a above b. Filters measured:\n{}.\n\
         \"±\" is the standard error of the mean over filters. A filter of zeros, of which the sparse\n\
         families have some at n = 9 and 27, counts as exact.\n\n\
         ## Limit of long filters\n\n\
         From closed forms of what lies above a threshold; no sampling. *Gap* is `sign` less `dab`. Of a\n\
         symmetric family whose best cut is not at 0, its mirror image is as good: `K/n` is of one of them.\n\n",
        counts.join(", ")
    );
    text += &limits(rows);
    for scheme in Scheme::ALL {
        text += &format!("\n## `{scheme}` by length of filter\n\n");
        text += &by_length(rows, |m| *m.error(scheme), |limit| limit.error(scheme));
    }
    text += "\n## Gap: error of `sign` less that of `dab`\n\n";
    text += &by_length(rows, |m| m.gap, gap);
    text += "\n## Share of the smaller part of `dab`\n\n\
             Of `K/n` and `1 − K/n` the lesser, since filters of a symmetric family may split either way.\n\n";
    text += &by_length(rows, |m| m.lesser_share, |limit| limit.upper_share.min(1.0 - limit.upper_share));
    text
}

fn gap(limit: &Limit) -> f64 {
    limit.error(Scheme::Sign) - limit.error(Scheme::Dab)
}

fn limits(rows: &[Row]) -> String {
    let names = Scheme::ALL.map(|scheme| format!("`{scheme}`"));
    let head = header(["family".to_owned()].into_iter().chain(names).chain(["gap".into(), "K/n".into()]));
    let row = |Row { family, limit, .. }: &Row| {
        let errors = Scheme::ALL.map(|scheme| limit.error(scheme));
        let numbers = errors.into_iter().chain([gap(limit), limit.upper_share]).map(|x| format!("{x:.4}"));
        [family.name.clone()].into_iter().chain(numbers).collect()
    };
    table(&head, rows.iter().map(row))
}

fn by_length<T: Display>(rows: &[Row], of: impl Fn(&Measured) -> T, limit: impl Fn(&Limit) -> f64) -> String {
    let lengths = LENGTHS.map(|n| format!("n = {n}"));
    let head = header(["family".to_owned()].into_iter().chain(lengths).chain(["limit".into()]));
    let row = |row: &Row| {
        let numbers = row.measured.iter().map(|measured| of(measured).to_string());
        let name = [row.family.name.clone()];
        name.into_iter().chain(numbers).chain([format!("{:.4}", limit(&row.limit))]).collect()
    };
    table(&head, rows.iter().map(row))
}
