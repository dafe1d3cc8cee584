use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use dabnet_data::{ClassShare, Dataset, FoldSelection, Part, SplitRecipe};
use dabnet_report::format::grouped;
use serde::Serialize;

use crate::{
    data,
    error::{CliError, ExitCode},
    output, terminal,
};

/// Split a data set into parts for training, validation and testing.
///
/// The split is kept in the data set. Every class is split by itself, so that all parts have the classes in
/// the same proportion. Shares below 1 are fractions of a class; from 1 on they are numbers of sketches of
/// each class.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet data split tu-berlin --test 26        as published: 54 to train on
  dabnet data split tu-berlin --test 0.2 --validation 0.1 --seed 1
  dabnet data split quickdraw --given --validation 20
  dabnet data split tu-berlin --folds 3 --fold 0")]
pub(crate) struct SplitArgs {
    /// Folder of the data set
    #[arg(value_name = "DIR")]
    data: PathBuf,

    /// Share of each class to test on
    #[arg(long, value_name = "SHARE", value_parser = share)]
    test: Option<ClassShare>,

    /// Share of each class to validate with
    #[arg(long, value_name = "SHARE", value_parser = share)]
    validation: Option<ClassShare>,

    /// Keep the parts that the source gives; other shares are taken from the training part
    #[arg(long)]
    given: bool,

    /// Number of folds of about equal size for cross-validation
    #[arg(long, value_name = "N", conflicts_with_all = ["given", "test"])]
    folds: Option<usize>,

    /// Fold to test on, from 0
    #[arg(long, value_name = "K", requires = "folds", default_value_t = 0)]
    fold: usize,

    /// Seed of the choice of sketches
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,

    /// Replace another split
    #[arg(long)]
    force: bool,

    /// Print the split and the number of sketches of each part as JSON
    #[arg(long)]
    json: bool,
}

/// Parses a fraction below 1, or a whole number.
fn share(text: &str) -> Result<ClassShare, String> {
    if let Ok(count) = text.parse() {
        return Ok(ClassShare::Count(count));
    }
    match text.parse() {
        Ok(fraction) if (0.0..1.0).contains(&fraction) => Ok(ClassShare::Fraction(fraction)),
        _ => Err("give a fraction from 0 to below 1, or a whole number of sketches of each class".to_owned()),
    }
}

#[derive(Serialize)]
struct SplitOutput {
    split: SplitRecipe,
    train: usize,
    validation: usize,
    test: usize,
}

impl SplitArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        if !(self.given || self.folds.is_some() || self.test.is_some() || self.validation.is_some()) {
            let advice = "say how to split: --test, --validation, --folds or --given";
            return Err(CliError::Input(advice.to_owned()));
        }
        let split = SplitRecipe::default()
            .with_given(self.given)
            .with_validation(self.validation.unwrap_or_default())
            .with_test(self.test.unwrap_or_default())
            .with_folds(self.folds.map(|count| FoldSelection { count, fold: self.fold }))
            .with_seed(self.seed);
        let set = Dataset::open(&self.data)?;
        let parts = set.parts_by(&split)?;
        if !has_training(&set, &parts)? {
            let reason =
                "nothing would be left to train on: give smaller shares; it is split as it was before";
            return Err(CliError::Input(format!("{}: {reason}", self.data.display())));
        }
        if !self.force && *set.split() != SplitRecipe::GIVEN && *set.split() != split {
            let reason = "is split already, in another way: --force splits it anew";
            return Err(CliError::Input(format!("{} {reason}", self.data.display())));
        }
        split.write(&self.data)?;
        warn(&split, &parts, !set.manifest().parts.is_empty());
        data::tell_of_gaps(&set, &parts)?;
        let count = |part| parts.iter().filter(|other| **other == part).count();
        let [train, validation, test] = Part::ALL.map(count);
        if self.json {
            output::print_json(&SplitOutput { split, train, validation, test })?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = output::table(&["part", "sketches"]);
        for (part, count) in Part::ALL.into_iter().zip([train, validation, test]) {
            table.add_row(output::row(part.name(), [grouped(count as u64)]));
        }
        writeln!(io::stdout(), "{table}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// True if there is a sketch to train on; one with a word, where any has one.
fn has_training(set: &Dataset, parts: &[Part]) -> Result<bool, CliError> {
    for (index, part) in parts.iter().enumerate() {
        if *part == Part::Train && (set.labels().is_empty() || set.label(index)?.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Warns of what may not have been meant.
fn warn(split: &SplitRecipe, parts: &[Part], given: bool) {
    let warn = |what: &str| terminal::say(format_args!("dabnet: {what}"));
    if given && !split.given {
        warn("the parts that the source gives are not kept; --given keeps them");
    }
    if !parts.contains(&Part::Test) {
        warn("there is nothing to test on");
    }
}
