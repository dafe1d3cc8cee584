//! Opening of data sets, with import where they are not imported yet.

use std::{
    cmp::Reverse,
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
};

use dabnet_data::{Dataset, DatasetImport, ImportNotice, Manifest, Part, SkippedItems};
use dabnet_report::format::grouped;
use dabnet_train::RUN_LOCK;
use tempfile::TempDir;

use crate::{
    error::CliError, output::printable_text, progress::ImportProgressBar, terminal, training::CONFIG,
};

/// Message about data without labels.
pub(crate) const NO_WORDS: &str = "no sketch says what it shows: put pictures of each class into a folder of its name, a \"word\" beside strokes";
/// Name of the data set that is in the program. It always means that one: what is in a folder has a path,
/// `./quickdraw-20`.
pub(crate) const BUNDLED: &str = "quickdraw-20";
/// Files of a training run, whose history would pass for a file of sketches.
const RUN_FILES: [&str; 2] = [CONFIG, RUN_LOCK];
/// Upper bound of listed reasons.
const MAX_REASONS: usize = 20;
/// Upper bound of listed words.
const MAX_LISTED: usize = 8;
/// Upper bound of broken items that are reported one by one.
const MAX_TOLD: u64 = 20;

/// An open data set.
pub(crate) struct LoadedData {
    pub set: Dataset,
    /// Folder of a temporary import.
    _folder: Option<TempDir>,
}

impl LoadedData {
    /// Opens an imported data set, or imports what is at the path into a temporary folder.
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        Self::open_with(path, DatasetImport::default())
    }

    /// The same without reducing pictures, as recognition has them.
    pub(crate) fn open_unreduced(path: &Path) -> Result<Self, CliError> {
        Self::open_with(path, DatasetImport::default().with_max_side(0))
    }

    fn open_with(path: &Path, import: DatasetImport) -> Result<Self, CliError> {
        if path == Path::new(BUNDLED) {
            return Ok(Self { set: Dataset::bundled()?, _folder: None });
        }
        if Dataset::is_at(path) || DatasetImport::is_begun(path) {
            return Ok(Self { set: Dataset::open(path)?, _folder: None });
        }
        if RUN_FILES.iter().all(|name| path.join(name).is_file()) {
            return Err(CliError::Input(format!(
                "{} is the folder of a training run, not of sketches",
                path.display()
            )));
        }
        let failed = |error| CliError::Failure(format!("cannot make a folder to import into: {error}"));
        let folder = TempDir::with_prefix("dabnet-data-").map_err(failed)?;
        run(&import.with_sources(vec![PathBuf::from(path)]), folder.path())?;
        Ok(Self { set: Dataset::open(folder.path())?, _folder: Some(folder) })
    }
}

/// A finished import.
pub(crate) struct FinishedImport {
    pub manifest: Manifest,
    /// File of the first sketch that has no word.
    pub without_word: Option<String>,
}

/// Imports with progress, and reports the first broken items.
pub(crate) fn run(import: &DatasetImport, folder: &Path) -> Result<FinishedImport, CliError> {
    let bar = ImportProgressBar::new();
    let mut told = 0;
    let mut begun = DatasetImport::is_begun(folder);
    // If nothing but this is there, the error says it.
    let mut first: Option<String> = None;
    let (mut noted, mut without_word) = (0, None);
    let manifest = import.run(folder, |progress, notice| {
        bar.at(progress);
        // Only now is it known to be this import that was begun.
        if mem::take(&mut begun) {
            bar.aside(|| terminal::say("dabnet: going on where this import was stopped"));
        }
        if progress.sketches > 0 || notice.is_some() {
            first.take().into_iter().for_each(|error| tell(&bar, &error));
        }
        match notice {
            Some(ImportNotice::Skipped(error)) => {
                told += 1;
                match told {
                    1 => first = Some(error.to_string()),
                    2..=MAX_TOLD => tell(&bar, &error.to_string()),
                    _ if told == MAX_TOLD + 1 => tell(&bar, "more, which the summary counts"),
                    _ => {}
                }
            }
            Some(ImportNotice::NoWord { name }) => without_word = Some(name.to_owned()),
            Some(notice) => {
                noted += 1;
                match noted {
                    1..=MAX_TOLD => bar.aside(|| terminal::say(format_args!("dabnet: {notice}"))),
                    _ if noted == MAX_TOLD + 1 => {
                        bar.aside(|| terminal::say("dabnet: and more of this kind"))
                    }
                    _ => {}
                }
            }
            None => {}
        }
    });
    bar.finish();
    if manifest.is_ok() {
        first.into_iter().for_each(|error| tell(&bar, &error));
    }
    Ok(FinishedImport { manifest: manifest?, without_word })
}

fn tell(bar: &ImportProgressBar, what: &str) {
    bar.aside(|| terminal::say(format_args!("dabnet: skipped: {what}")));
}

/// Commands that hold some sketches of a data set out.
pub(crate) fn split_advice(path: &Path) -> String {
    let data = path.display();
    match Dataset::is_at(path) {
        true => format!("dabnet data split {data} --test 0.2"),
        false => format!("dabnet data import {data} -o DATA, dabnet data split DATA --test 0.2"),
    }
}

/// Warns of classes that a part has no sketch of.
pub(crate) fn tell_of_gaps(set: &Dataset, parts: &[Part]) -> Result<(), CliError> {
    let mut counts = vec![[0usize; Part::ALL.len()]; set.labels().len()];
    for (index, part) in parts.iter().enumerate() {
        if let (Some(label), Some(at)) = (set.label(index)?, Part::ALL.iter().position(|other| other == part))
        {
            counts[label][at] += 1;
        }
    }
    for (at, purpose) in ["to train on", "to validate with", "to test on"].into_iter().enumerate() {
        let missing = set.labels().iter().zip(&counts).filter(|(_, counts)| counts[at] == 0);
        let missing: Vec<&str> = missing.map(|(label, _)| label.as_str()).collect();
        if !missing.is_empty() && missing.len() < counts.len() {
            terminal::say(format_args!("dabnet: there is no sketch {purpose} of {}", listed(&missing)));
        }
    }
    Ok(())
}

/// A list of the first few words, and the number of the others.
pub(crate) fn listed(words: &[&str]) -> String {
    let first: Vec<String> = words.iter().take(MAX_LISTED).map(|word| format!("'{word}'")).collect();
    match words.len().saturating_sub(MAX_LISTED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Prints the number of sketches of each part that the source gives.
pub(crate) fn print_parts(out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
    let counts: Vec<String> = Part::ALL
        .iter()
        .filter_map(|part| Some(format!("{} {part}", grouped(*manifest.parts.get(part.name())? as u64))))
        .collect();
    if counts.is_empty() { Ok(()) } else { writeln!(out, "given parts: {}", counts.join(", ")) }
}

/// Prints the numbers and reasons of skipped items.
pub(crate) fn print_skipped(out: &mut impl Write, skipped: &SkippedItems) -> io::Result<()> {
    if skipped.count > 0 {
        let numbers = skipped.reasons.keys().any(|reason| reason.contains('#'));
        let note = if numbers { " (# stands for any number)" } else { "" };
        writeln!(out, "{} skipped{note}:", grouped(skipped.count))?;
        let mut reasons: Vec<_> = skipped.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| Reverse(**count));
        for (reason, count) in reasons.iter().take(MAX_REASONS) {
            writeln!(out, "  {} × {}", grouped(**count), printable_text(reason))?;
        }
        if reasons.len() > MAX_REASONS {
            writeln!(out, "  and for {} other reasons", reasons.len() - MAX_REASONS)?;
        }
    }
    if skipped.other_classes > 0 {
        writeln!(out, "{} of other classes left out", grouped(skipped.other_classes))?;
    }
    if !skipped.ignored.is_empty() {
        let kind = |(extension, count): (&String, &u64)| match extension.as_str() {
            "" => format!("{count} without an extension"),
            _ => format!("{count} .{}", printable_text(extension)),
        };
        let kinds: Vec<String> = skipped.ignored.iter().map(kind).collect();
        writeln!(out, "files that are no sketches: {}", kinds.join(", "))?;
    }
    Ok(())
}
