use std::{collections::BTreeMap, path::Path};

use super::{ComparedNetwork, ComparedSettings, Comparison};
use crate::format::{counted, grouped};

/// Settings that the document names elsewhere, or that are compared.
const NAMED_ELSEWHERE: [&str; 8] =
    ["arch", "data", "line_width", "policy", "side", "train.epochs", "train.scheme", "train.seed"];

impl Comparison {
    /// A section of a Markdown document: the table and all that decided its numbers. `missing` are the folders
    /// of runs that are not finished, `command` is the command line that makes the section.
    pub fn section(&self, missing: &[String], command: &str) -> String {
        let mut paragraphs = vec![self.markdown_table()];
        paragraphs.extend(self.differences().map(|line| format!("{line}.")));
        paragraphs.extend(self.chosen_policies().map(|line| format!("{line}.")));
        paragraphs.push(self.explanation().join(" "));
        paragraphs.push(self.data_line());
        paragraphs.extend(self.canvas_lines());
        paragraphs.push(self.settings_lines());
        if !missing.is_empty() {
            paragraphs.push(format!("Not finished, and not in the table: {}.", missing.join(", ")));
        }
        paragraphs.push(format!("```\n{command}\n```"));
        paragraphs.join("\n\n")
    }

    fn markdown_table(&self) -> String {
        let header = self.header();
        let mut lines =
            vec![format!("| {} |", header.join(" | ")), format!("|---|{}", "--:|".repeat(header.len() - 1))];
        lines.extend(self.rows().map(|(name, cells)| format!("| {name} | {} |", cells.join(" | "))));
        lines.join("\n")
    }

    fn data_line(&self) -> String {
        let name = Path::new(&self.data.path).file_name().map(|name| name.to_string_lossy());
        format!(
            "Data: {}; {} sketches to train on, {} to validate, {} to test.",
            name.unwrap_or_default(),
            grouped(self.data.train as u64),
            grouped(self.data.validation as u64),
            grouped(self.tested().unwrap_or(0) as u64),
        )
    }

    /// Canvas and epochs of each architecture.
    fn canvas_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for ComparedNetwork { kind, settings, .. } in &self.networks {
            let ComparedSettings { side, line_width, look, epochs, .. } = settings;
            let epochs = counted(*epochs, "epoch", "epochs");
            let canvas = format!("{side}×{side} pixels, lines of {:.2}", line_width * *side as f32);
            let line = format!("`{}`: a canvas of {canvas}, look `{look}`; {epochs}.", kind.arch);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// Settings that differ from the defaults, network by network where they are not the same for all.
    fn settings_lines(&self) -> String {
        let mut by_settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for network in &self.networks {
            by_settings.entry(network.settings.line()).or_default().push(network.kind.key());
        }
        let told = |(settings, networks): (&String, &Vec<String>)| {
            let of =
                if by_settings.len() > 1 { format!(" of {}", networks.join(", ")) } else { String::new() };
            match settings.as_str() {
                "" => format!("All other settings{of} are the default."),
                _ => format!("Settings{of} that differ from the default: {settings}."),
            }
        };
        by_settings.iter().map(told).collect::<Vec<_>>().join("\n\n")
    }
}

impl ComparedSettings {
    fn line(&self) -> String {
        let named = self.changed.iter().filter(|(name, _)| !NAMED_ELSEWHERE.contains(&name.as_str()));
        named.map(|(name, value)| format!("`{name} = {value}`")).collect::<Vec<_>>().join(", ")
    }
}

/// Puts `body` into a document between the marker lines of the section `name`, or with them at its end.
///
/// # Errors
/// A reason if the marker lines are not a pair.
///
/// ```
/// let document = dabnet_report::replace_section("# Title\n", "table", "| a |").unwrap();
/// assert_eq!(document, "# Title\n\n<!-- compare:table -->\n| a |\n<!-- /compare:table -->\n");
/// ```
pub fn replace_section(text: &str, name: &str, body: &str) -> Result<String, String> {
    let [begin, end] = ["", "/"].map(|slash| format!("<!-- {slash}compare:{name} -->"));
    let section = format!("{begin}\n{}\n{end}\n", body.trim_end());
    let line_of = |marker: &str| text.lines().position(|line| line.trim() == marker);
    match (line_of(&begin), line_of(&end)) {
        (None, None) if text.is_empty() => Ok(section),
        (None, None) => Ok(format!("{}\n\n{section}", text.trim_end())),
        (Some(first), Some(last)) if first < last => {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            Ok(format!("{}{section}{}", lines[..first].concat(), lines[last + 1..].concat()))
        }
        _ => Err(format!("the lines {begin} and {end} are not a pair, in this order")),
    }
}

#[cfg(test)]
mod tests {
    use super::replace_section;

    #[test]
    fn a_section_takes_its_place_and_leaves_the_rest() {
        let with = |body: &str| format!("# A\n\n<!-- compare:x -->\n{body}\n<!-- /compare:x -->\n\nrest");
        assert_eq!(replace_section(&with("old\n\nlines"), "x", "new\n").unwrap(), with("new"));
        assert_eq!(
            replace_section("# A\n", "x", "new").unwrap(),
            "# A\n\n<!-- compare:x -->\nnew\n<!-- /compare:x -->\n"
        );
        assert!(replace_section("<!-- compare:x -->\n", "x", "new").is_err());
    }
}
