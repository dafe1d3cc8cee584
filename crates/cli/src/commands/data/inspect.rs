use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use dabnet_sketch::{Inspection, Manifest, Part, Skipped};
use serde::Serialize;

use crate::{
    data::{self, Data},
    error::CliError,
    json,
    table::{self, grouped},
};

/// Say what is in a data set, having read all of it.
///
/// Counts, the balance of classes, how much is ink, what is broken or was left out, and sketches that are
/// there twice, above all those tested on that are also trained on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet data inspect tu-berlin
  dabnet data inspect --json sketches_png.zip")]
pub(crate) struct Inspect {
    /// A data set, or anything that can be imported
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    data: String,
    source: &'a str,
    licence: Option<&'a str>,
    #[serde(flatten)]
    inspection: &'a Inspection,
    /// How many were skipped when it was imported.
    skipped: u64,
    reasons: &'a Skipped,
}

impl Inspect {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let data = Data::open(&self.data)?;
        let inspection = Inspection::of(&data.set)?;
        let manifest = data.set.manifest();
        if self.json {
            json::print_line(&Answer {
                data: self.data.display().to_string(),
                source: &manifest.source,
                licence: manifest.licence.as_deref(),
                inspection: &inspection,
                skipped: manifest.skipped.count,
                reasons: &manifest.skipped,
            })?;
        } else {
            print(&mut io::stdout().lock(), &inspection, manifest)?;
        }
        Ok(if inspection.broken > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

fn print(out: &mut impl Write, found: &Inspection, manifest: &Manifest) -> io::Result<()> {
    let mut table = table::new(&["what", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row(table::row(name, [value]));
    };
    let count = |count: usize| grouped(count as u64);
    row("sketches", count(found.count));
    row("classes", count(found.classes));
    for (part, of_part) in Part::ALL.into_iter().zip([found.train, found.validation, found.test]) {
        row(part.name(), count(of_part));
    }
    for (name, of_kind) in
        [("as strokes", found.strokes), ("as rasters", found.rasters), ("as pictures", found.pictures)]
    {
        if of_kind > 0 {
            row(name, count(of_kind));
        }
    }
    if found.unlabelled > 0 {
        row("without a word", count(found.unlabelled));
    }
    if let Some(balance) = &found.balance {
        row("smallest class", format!("{} ({})", count(balance.smallest.1), balance.smallest.0));
        row("median class", count(balance.median));
        row("largest class", format!("{} ({})", count(balance.largest.1), balance.largest.0));
    }
    if let (Some(strokes), Some(points)) = (found.strokes_of_each, found.points_of_each) {
        row("strokes of a sketch, median", strokes.to_string());
        row("points of a sketch, median", points.to_string());
    }
    if let Some(ink) = found.ink {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        row("pixels with ink, mean", percent(ink.mean));
        row("median", percent(ink.median));
        row("99th percentile", percent(ink.p99));
    }
    row("there twice", count(found.duplicates));
    row("of these, in different parts", count(found.duplicates_across_parts));
    row("of these, under different words", count(found.duplicates_across_words));
    row("broken", count(found.broken));
    row("skipped at import", grouped(manifest.skipped.count));
    writeln!(out, "{table}")?;
    writeln!(out, "source: {}", manifest.source.escape_debug())?;
    writeln!(out, "licence: {}", manifest.licence.as_deref().unwrap_or("not given").escape_debug())?;
    if let Some(broken) = &found.first_broken {
        writeln!(out, "first broken: {}", broken.escape_debug())?;
    }
    data::print_skipped(out, &manifest.skipped)
}
