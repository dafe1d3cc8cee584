use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use dabnet_data::{Dataset, DatasetInspection, Manifest, Part, SkippedItems};
use dabnet_report::format::grouped;
use serde::Serialize;

use crate::{
    data::{self, LoadedData},
    error::{CliError, ExitCode},
    output::{self, printable_text},
};

/// Read all of a data set and describe its content.
///
/// Counts, the balance of classes, what is broken or was left out, and sketches that are exactly the same as
/// others, above all those tested on that are also trained on. How much is ink is measured on up to 2,000
/// sketches: pixels that are not paper, of rasters as they are and of strokes drawn on 225 pixels.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet data inspect tu-berlin
  dabnet data inspect --json sketches_png.zip")]
pub(crate) struct InspectArgs {
    /// Data set, or anything that can be imported
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Print the number of sketches of each class in each part instead
    #[arg(long)]
    classes: bool,

    /// Print every sketch's number, id, word and part instead, one JSON object a line
    #[arg(long, conflicts_with = "classes")]
    items: bool,

    /// Print one JSON object
    #[arg(long, conflicts_with_all = ["classes", "items"])]
    json: bool,
}

/// Output of `--items` for one sketch.
#[derive(Serialize)]
struct ItemOutput<'a> {
    item: usize,
    id: Option<String>,
    word: Option<&'a str>,
    part: Part,
}

#[derive(Serialize)]
struct InspectOutput<'a> {
    data: String,
    source: &'a str,
    licence: Option<&'a str>,
    #[serde(flatten)]
    inspection: &'a DatasetInspection,
    /// Words in order, with the number of sketches of each.
    words: Vec<(&'a str, usize)>,
    /// Number of items skipped at import.
    skipped: u64,
    reasons: &'a SkippedItems,
}

impl InspectArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let data = LoadedData::open(&self.data)?;
        if self.classes || self.items {
            let print = if self.items { items } else { classes };
            print(&data.set)?;
            return Ok(ExitCode::SUCCESS);
        }
        let inspection = DatasetInspection::of(&data.set)?;
        data::tell_of_gaps(&data.set, &data.set.parts()?)?;
        let manifest = data.set.manifest();
        if self.json {
            output::print_json(&InspectOutput {
                data: self.data.display().to_string(),
                source: &manifest.source,
                licence: manifest.licence.as_deref(),
                inspection: &inspection,
                words: words(manifest),
                skipped: manifest.skipped.count,
                reasons: &manifest.skipped,
            })?;
        } else {
            print(&mut io::stdout().lock(), &inspection, manifest)?;
        }
        Ok(if inspection.broken > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

/// Words in alphabetical order, with the number of sketches of each.
fn words(manifest: &Manifest) -> Vec<(&str, usize)> {
    let mut words: Vec<_> = manifest.words.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    words.sort_unstable();
    words
}

fn items(data: &Dataset) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (item, part) in data.parts()?.into_iter().enumerate() {
        let word = data.label(item)?.map(|label| data.labels()[label].as_str());
        let id = data.id(item)?;
        serde_json::to_writer(&mut out, &ItemOutput { item, id, word, part }).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

fn classes(data: &Dataset) -> Result<(), CliError> {
    let mut counts = vec![[0_u64; 3]; data.labels().len()];
    for (item, part) in data.parts()?.into_iter().enumerate() {
        if let Some(label) = data.label(item)? {
            counts[label][part as usize] += 1;
        }
    }
    let mut table = output::table(&["class", "train", "validation", "test"]);
    for (word, counts) in data.labels().iter().zip(counts) {
        table.add_row(output::row(word, counts.map(grouped)));
    }
    writeln!(io::stdout(), "{table}")?;
    Ok(())
}

fn print(out: &mut impl Write, found: &DatasetInspection, manifest: &Manifest) -> io::Result<()> {
    let mut table = output::table(&["what", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row(output::row(name, [value]));
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
        if balance.smallest.1 == balance.largest.1 {
            row("in every class", count(balance.median));
        } else {
            row(
                "smallest class",
                format!("{} ({})", count(balance.smallest.1), printable_text(&balance.smallest.0)),
            );
            row("median class", count(balance.median));
            row(
                "largest class",
                format!("{} ({})", count(balance.largest.1), printable_text(&balance.largest.0)),
            );
        }
    }
    if let (Some(strokes), Some(points)) = (found.strokes_of_each, found.points_of_each) {
        row("strokes of a sketch, median", strokes.to_string());
        row("points of a sketch, median", points.to_string());
    }
    if let Some(ink) = found.ink {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        row(&format!("pixels with ink, mean of {}", count(ink.sketches)), percent(ink.mean));
        row("median", percent(ink.median));
        row("99th percentile", percent(ink.p99));
    }
    row("exactly the same as another", count(found.duplicates));
    row("of these, in different parts", count(found.duplicates_across_parts));
    row("of these, under different words", count(found.duplicates_across_words));
    row("broken", count(found.broken));
    row("skipped at import", grouped(manifest.skipped.count));
    writeln!(out, "{table}")?;
    writeln!(out, "source: {}", printable_text(&manifest.source))?;
    writeln!(out, "licence: {}", printable_text(manifest.licence.as_deref().unwrap_or("not given")))?;
    if let Some(broken) = &found.first_broken {
        writeln!(out, "first broken: {}", printable_text(broken))?;
    }
    data::print_skipped(out, &manifest.skipped)
}
