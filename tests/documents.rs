//! The documentation: its links lead somewhere, and its commands have the options that they name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use crate::common::{ok, shipped};
use walkdir::{DirEntry, WalkDir};

/// Folders that hold no documentation of the project.
const PASSED_OVER: [&str; 4] = ["target", "node_modules", ".git", "corpus"];

/// Every Markdown file of the project, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let wanted = |entry: &DirEntry| !PASSED_OVER.iter().any(|name| entry.file_name() == *name);
    let files = WalkDir::new(shipped(".")).into_iter().filter_entry(wanted).map(Result::unwrap);
    let markdown = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "md"));
    let found: Vec<_> =
        markdown.map(|file| (file.path().to_owned(), fs::read_to_string(file.path()).unwrap())).collect();
    assert!(found.len() > 15, "the documentation was not found: {}", found.len());
    found
}

/// The lines of fenced blocks, or those outside of them. Lines that end in a backslash are joined with the next.
fn lines(text: &str, fenced: bool) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut inside = false;
    let mut found = Vec::new();
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside == fenced {
            found.push(line.to_owned());
        }
    }
    found
}

/// The name by which a heading is linked to, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Every `](TARGET)` of a text.
fn links(text: &str) -> Vec<String> {
    let prose = lines(text, false).join("\n");
    let ends = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    ends.map(str::to_owned).collect()
}

#[test]
fn relative_links_lead_somewhere() {
    let mut broken = BTreeSet::new();
    for (path, text) in documents() {
        for link in
            links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let is_there = target.exists()
                && (heading.is_empty()
                    || fs::read_to_string(&target)
                        .unwrap()
                        .lines()
                        .filter_map(|line| line.strip_prefix('#'))
                        .any(|line| anchor(line.trim_start_matches('#')) == heading));
            if !is_there {
                broken.insert(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The words of every call of the program in a text, from blocks and from `code`, without what is piped on.
fn calls(text: &str) -> Vec<Vec<String>> {
    let prose = lines(text, false).join(" ");
    let spans = prose.split('`').skip(1).step_by(2).map(str::to_owned);
    let commands = lines(text, true).into_iter().chain(spans);
    let call = |line: String| {
        let line = line.trim().to_owned();
        let rest = line
            .strip_prefix("cargo run --release -- ")
            .or_else(|| line.strip_prefix("dabnet "))
            .or_else(|| line.split_once("; do cargo run --release -- ").map(|(_, rest)| rest))?;
        let rest = rest.split([';', '|', '&', '#', '>']).next()?;
        Some(rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    };
    commands.filter_map(call).filter(|words| words.first().is_some_and(|word| is_command(word))).collect()
}

/// Distinguishes a call of the program from what it prints and from sentences that begin with its name.
fn is_command(word: &str) -> bool {
    word != "listens" && word.chars().all(|letter| letter.is_ascii_lowercase())
}

#[test]
fn commands_have_the_options_that_they_are_shown_with() {
    let commands = ok(&["--help"]);
    let listed =
        |help: &str, word: &str| help.lines().any(|line| line.trim_start().starts_with(&format!("{word} ")));
    let mut helps: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let (mut wrong, mut seen) = (BTreeSet::new(), 0);
    for (path, text) in documents() {
        for words in calls(&text) {
            let depth = if words[0] == "data" { 2.min(words.len()) } else { 1 };
            let command = words[..depth].to_vec();
            let known = listed(&commands, &command[0])
                && command.get(1).is_none_or(|word| listed(&ok(&["data", "--help"]), word));
            if !known {
                wrong.insert(format!("{}: dabnet {}", path.display(), words.join(" ")));
                continue;
            }
            let help = helps.entry(command.clone()).or_insert_with(|| {
                let mut asked: Vec<&str> = command.iter().map(String::as_str).collect();
                asked.push("--help");
                ok(&asked)
            });
            seen += 1;
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let name = option.split('=').next().unwrap().trim_end_matches(['.', ',', ')']);
                if !help.split([' ', ',', '\n']).any(|word| word == name) {
                    wrong.insert(format!("{}: dabnet {}: {name}", path.display(), words.join(" ")));
                }
            }
        }
    }
    assert!(seen > 50, "the commands were not found: {seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every file that a document names by its path from the root or from `crates/`, and every task of `cargo xtask`.
#[test]
fn scripts_are_where_documents_say() {
    let tasks = fs::read_to_string(shipped("crates/xtask/src/main.rs")).unwrap().to_lowercase();
    let mut wrong = BTreeSet::new();
    for (path, text) in documents() {
        for word in text.split(|letter: char| letter.is_whitespace() || "`(),;'\"".contains(letter)) {
            let is_path = ["scripts/", "benches/", "crates/", "models/", "tests/"]
                .iter()
                .any(|folder| word.starts_with(folder));
            let of_crate = word.split_once("/src/").or_else(|| word.split_once("/tests/"));
            let is_path = is_path || of_crate.is_some_and(|(name, _)| shipped("crates").join(name).is_dir());
            let plain =
                !word.contains(['*', '{', '<', '$', '…', ':']) && !word.chars().any(char::is_uppercase);
            let file = word.trim_end_matches(['.', ']']);
            let roots = [shipped("."), shipped("crates"), path.parent().unwrap().to_owned()];
            if is_path && plain && !roots.iter().any(|root| root.join(file).exists()) {
                wrong.insert(format!("{}: {word}", path.display()));
            }
        }
        for rest in text.split("cargo xtask ").skip(1) {
            let task: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            if !tasks.contains(&task) {
                wrong.insert(format!("{}: cargo xtask {task}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
