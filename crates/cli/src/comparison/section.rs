use std::{fs, io, path::Path};

use dabnet_container::replace_file;

use crate::error::CliError;

/// Writes `body` into `document` between the marker lines of `name`, or with them at its end.
pub(super) fn write(document: &Path, name: &str, body: &str) -> Result<(), CliError> {
    let text = match fs::read_to_string(document) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CliError::Input(format!("{}: {error}", document.display()))),
    };
    let wrong = |reason| CliError::Input(format!("{}: {reason}", document.display()));
    let text = placed(&text, name, body).map_err(wrong)?;
    replace_file(document, text.as_bytes()).map_err(|error| CliError::write(document, &error))
}

/// That a section can have this name.
pub(super) fn check_name(name: &str) -> Result<(), CliError> {
    let plain = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    if !name.is_empty() && name.chars().all(plain) && !name.contains("--") {
        return Ok(());
    }
    Err(CliError::Input(format!(
        "'{name}' is no name for a section: give --name letters, digits, . _ + or -"
    )))
}

fn placed(text: &str, name: &str, body: &str) -> Result<String, String> {
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
    use super::placed;

    #[test]
    fn a_section_takes_its_place_and_leaves_the_rest() {
        let with = |body: &str| format!("# A\n\n<!-- compare:x -->\n{body}\n<!-- /compare:x -->\n\nrest");
        assert_eq!(placed(&with("old\n\nlines"), "x", "new\n").unwrap(), with("new"));
        assert_eq!(
            placed("# A\n", "x", "new").unwrap(),
            "# A\n\n<!-- compare:x -->\nnew\n<!-- /compare:x -->\n"
        );
        assert!(placed("<!-- compare:x -->\n", "x", "new").is_err());
    }
}
