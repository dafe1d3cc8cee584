use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use super::{Comparison, row::Row, section};
use crate::{data::counted, error::CliError, table::grouped, training::Settings};

/// Settings that are told otherwise, or that are what is compared.
const TOLD: [&str; 8] =
    ["arch", "data", "line_width", "policy", "side", "train.epochs", "train.scheme", "train.seed"];

/// A section of a document, to write a comparison into.
#[derive(Debug)]
pub(crate) struct Report {
    document: PathBuf,
    name: String,
}

impl Report {
    /// The section called `name`.
    pub(crate) fn new(document: PathBuf, name: String) -> Result<Self, CliError> {
        section::check_name(&name)?;
        Ok(Self { document, name })
    }

    /// Writes it, in the place of what it was.
    pub(crate) fn write(&self, comparison: &Comparison, missing: &[String]) -> Result<(), CliError> {
        section::write(&self.document, &self.name, &comparison.section(missing)?)
    }
}

impl Comparison {
    fn section(&self, missing: &[String]) -> Result<String, CliError> {
        let mut paragraphs = vec![self.markdown()];
        let lines = self.differences.iter().map(|difference| difference.line(self.several_archs()));
        paragraphs.extend(lines.map(|line| format!("{line}.")));
        paragraphs.extend(self.rows.iter().filter_map(Row::chosen).map(|line| format!("{line}.")));
        paragraphs.push(self.explanation().join(" "));
        paragraphs.extend(self.rows.first().map(data));
        paragraphs.extend(self.canvases());
        paragraphs.push(self.settings()?);
        if !missing.is_empty() {
            paragraphs.push(format!("Not finished, and not in the table: {}.", missing.join(", ")));
        }
        paragraphs.push(format!("```\n{}\n```", command_line()));
        Ok(paragraphs.join("\n\n"))
    }

    /// What each architecture sees, and for how long it is trained.
    fn canvases(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for Row { network, entries, .. } in &self.rows {
            let Settings { side, line_width, look, train, .. } = &entries[0].settings;
            let epochs = counted(train.epochs, "epoch", "epochs");
            let look = clap::ValueEnum::to_possible_value(look);
            let look = look.map_or_else(String::new, |look| format!("look `{}`", look.get_name()));
            let canvas = format!("{side}×{side} pixels, lines of {:.2}", line_width * *side as f32);
            let line = format!("`{}`: a canvas of {canvas}, {look}; {epochs}.", network.arch);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// What differs from the default, network by network where that is not the same for all.
    fn settings(&self) -> Result<String, CliError> {
        let mut by_settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in &self.rows {
            let differing = differing(&row.entries[0].settings)?;
            by_settings.entry(differing).or_default().push(row.network.key());
        }
        let told = |(settings, networks): (&String, &Vec<String>)| {
            let of =
                if by_settings.len() > 1 { format!(" of {}", networks.join(", ")) } else { String::new() };
            match settings.as_str() {
                "" => format!("All other settings{of} are the default."),
                _ => format!("Settings{of} that differ from the default: {settings}."),
            }
        };
        Ok(by_settings.iter().map(told).collect::<Vec<_>>().join("\n\n"))
    }
}

fn data(row: &Row) -> String {
    let entry = &row.entries[0];
    let name = Path::new(&entry.results.data).file_name().map(|name| name.to_string_lossy());
    let (train, validation) = (entry.results.train as u64, entry.results.validation as u64);
    format!(
        "Data: {}; {} sketches to train on, {} to validate, {} to test.",
        name.unwrap_or_default(),
        grouped(train),
        grouped(validation),
        grouped(entry.tested.count as u64),
    )
}

fn differing(settings: &Settings) -> Result<String, CliError> {
    let default = Settings::default().by_name()?;
    let differing = settings
        .by_name()?
        .into_iter()
        .filter(|(name, value)| !TOLD.contains(&name.as_str()) && default.get(name) != Some(value));
    Ok(differing.map(|(name, value)| format!("`{name} = {value}`")).collect::<Vec<_>>().join(", "))
}

/// What was typed, in words of a shell.
fn command_line() -> String {
    let quoted = |argument: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
        match argument.chars().all(plain) && !argument.is_empty() {
            true => argument,
            false => format!("'{}'", argument.replace('\'', "'\\''")),
        }
    };
    let arguments = env::args_os().skip(1).map(|argument| quoted(argument.to_string_lossy().into_owned()));
    ["dabnet".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
