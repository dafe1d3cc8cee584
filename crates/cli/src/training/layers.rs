//! Settings put together from what several sources say.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use dabnet_binarize::Scheme;
use dabnet_report::NetworkKind;
use dabnet_train::{Optimizer, TrainConfig};
use serde::Deserialize;
use toml::{
    Table, Value,
    de::{DeTable, Deserializer as TomlDeserializer},
};

use super::{CONFIG, ForeignNetwork, NamedLook, RunSettings, length, option_of, start_defaults};
use crate::error::{CliError, plain_words};

/// Source of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettingsSource {
    /// The network that the run starts from.
    StartNetwork,
    /// The file that a run was begun with.
    Run(PathBuf),
    /// A preset.
    Preset,
    /// The file given as `--config`.
    File(PathBuf),
    /// An option of the command line.
    CommandLine,
}

impl fmt::Display for SettingsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartNetwork => f.write_str("the network of --start-from"),
            Self::Run(path) | Self::File(path) => write!(f, "{}", path.display()),
            Self::Preset => f.write_str("--preset"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

/// Tables of settings, each over the ones before it. What none of them says is the default.
#[derive(Debug)]
pub(crate) struct SettingsLayers {
    layers: Vec<(SettingsSource, Table)>,
    merged: Table,
    foreign: Option<Box<ForeignNetwork>>,
}

impl SettingsLayers {
    /// Reads the settings that the run in `folder` was begun with, if it was, a preset, a file and options.
    ///
    /// # Errors
    /// [`CliError::Input`] if a file cannot be read or a preset is not known.
    pub(crate) fn new(folder: Option<&Path>, file: Option<&Path>, options: Table) -> Result<Self, CliError> {
        let begun = folder.map(|folder| folder.join(CONFIG)).filter(|path| path.is_file());
        let mut layers = Vec::new();
        let mut merged = Table::new();
        if let Some(path) = begun {
            merged = read(&path)?;
            layers.push((SettingsSource::Run(path), merged.clone()));
        }
        let mut given = Table::new();
        if let Some(path) = file {
            given = read(path)?;
            layers.push((SettingsSource::File(path.to_owned()), given.clone()));
        }
        merge(&mut given, options.clone());
        layers.push((SettingsSource::CommandLine, options));
        if let Some(preset) = given.remove("preset") {
            let preset = preset_table(&preset, &given)?;
            merge(&mut merged, preset.clone());
            let under = layers.iter().position(|(source, _)| !matches!(source, SettingsSource::Run(_)));
            layers.insert(under.unwrap_or(0), (SettingsSource::Preset, preset));
        }
        merge(&mut merged, given);
        name_default_optimizer(&mut merged);
        let (start, foreign) = start_defaults::find(&merged);
        start.iter().for_each(|(key, value)| _ = merged.entry(key).or_insert_with(|| value.clone()));
        layers.insert(0, (SettingsSource::StartNetwork, start));
        Ok(Self { layers, merged, foreign })
    }

    /// The source that decides a setting, such as `train.epochs`; none if it is the default.
    pub(crate) fn source(&self, name: &str) -> Option<&SettingsSource> {
        lookup(&self.merged, name)?;
        let (source, _) = self.layers.iter().rev().find(|(_, table)| lookup(table, name).is_some())?;
        Some(source)
    }

    /// The settings, checked, with what follows from them.
    ///
    /// # Errors
    /// [`CliError::Input`] that names the file and the line where one alone is at fault.
    pub(crate) fn resolve(&self) -> Result<RunSettings, CliError> {
        self.check_teacher_options()?;
        let settings = checked(self.merged.clone()).map_err(|reason| {
            let reason_in_words = plain_words(&with_missing_named(&reason));
            match self.files().find_map(|path| place(path, &reason)) {
                Some(place) => CliError::Input(format!("{place}: {reason_in_words}")),
                None => self.fault(&reason_in_words),
            }
        })?;
        if self.source("auto") == Some(&SettingsSource::CommandLine) && !settings.is_automatic() {
            let reason = format!("--auto-epochs and --keep-real go with --policy {}", NetworkKind::AUTOMATIC);
            return Err(CliError::Input(reason));
        }
        RunSettings { foreign: self.foreign.clone(), ..settings }
            .completed(self.begun().and_then(Path::parent))
    }

    /// Fits batch size, epochs and learning rate to so many training sketches, as far as no source says them.
    ///
    /// # Errors
    /// [`CliError::Input`] if other settings do not go with that.
    pub(crate) fn fit_length(&self, settings: &mut RunSettings, sketches: usize) -> Result<(), CliError> {
        let open = |name: &str| self.source(name).is_none();
        let [batch, epochs, learning_rate] = ["train.batch", "train.epochs", "train.learning_rate"].map(open);
        let train = &mut settings.train;
        if batch {
            train.batch = length::batch(sketches);
        }
        let steps = (sketches / train.batch.max(1)).max(1);
        if epochs {
            train.epochs = length::epochs(steps);
        }
        if learning_rate {
            let is_tuned = settings.start_from.is_some();
            train.learning_rate = length::learning_rate(steps.saturating_mul(train.epochs), is_tuned);
        }
        settings.fault().map_or(Ok(()), |reason| Err(self.fault(&reason)))
    }

    /// Error of settings that are wrong together. One that begins with the name of a setting gives the option in place
    /// of it, unless a file says the setting.
    fn fault(&self, reason: &str) -> CliError {
        let name = reason.split([' ', ':']).next().unwrap_or_default();
        let from_file = matches!(self.source(name), Some(SettingsSource::Run(_) | SettingsSource::File(_)));
        CliError::Input(match option_of(name).filter(|_| !from_file) {
            Some(option) => format!("{option}{}", &reason[name.len()..]),
            None => format!("the settings of the run: {reason}"),
        })
    }

    /// Checks that there is a teacher where an option says how it teaches.
    fn check_teacher_options(&self) -> Result<(), CliError> {
        let is_given = |name: &&str| self.source(name) == Some(&SettingsSource::CommandLine);
        match TEACHING.iter().find(|name| is_given(name)) {
            Some(name) if lookup(&self.merged, "teacher").is_none() => {
                let option = option_of(name).unwrap_or_else(|| (*name).to_owned());
                Err(CliError::Input(format!("{option} goes with --teacher, and there is none")))
            }
            _ => Ok(()),
        }
    }

    /// The file that the run was begun with.
    fn begun(&self) -> Option<&Path> {
        self.layers.iter().find_map(|(source, _)| match source {
            SettingsSource::Run(path) => Some(path.as_path()),
            _ => None,
        })
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        self.layers.iter().filter_map(|(source, _)| match source {
            SettingsSource::Run(path) | SettingsSource::File(path) => Some(path.as_path()),
            _ => None,
        })
    }
}

/// The value of a setting such as `train.epochs`.
fn lookup<'t>(table: &'t Table, name: &str) -> Option<&'t Value> {
    match name.split_once('.') {
        None => table.get(name),
        Some((outer, inner)) => lookup(table.get(outer)?.as_table()?, inner),
    }
}

/// Settings from a table.
///
/// # Errors
/// A reason.
fn checked(table: Table) -> Result<RunSettings, String> {
    check_choices(&table)?;
    let settings: RunSettings = table.try_into().map_err(|error: toml::de::Error| named_reason(&error))?;
    settings.fault().map_or(Ok(settings), Err)
}

/// Reason of an error, after the name of the setting that it is in.
fn named_reason(error: &toml::de::Error) -> String {
    let (text, reason) = (error.to_string(), error.message().trim_end());
    // The name is known to the text alone.
    match text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`')) {
        Some(name) if !reason.starts_with(name) => format!("{name}: {reason}"),
        _ => reason.to_owned(),
    }
}

fn read(path: &Path) -> Result<Table, CliError> {
    let wrong = |what: String| CliError::Input(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error: io::Error| wrong(error.to_string()))?;
    text.parse().map_err(|error: toml::de::Error| {
        let at = line(&text, &error).map(|line| format!("line {line}: ")).unwrap_or_default();
        wrong(format!("{at}{}", error.message().trim_end()))
    })
}

/// Line of an error, from 1.
fn line(text: &str, error: &toml::de::Error) -> Option<usize> {
    let span = error.span()?;
    Some(text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1)
}

/// The file, with the line where it is known, if it alone is wrong for this reason already.
fn place(path: &Path, reason: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut table = DeTable::parse(&text).ok()?;
    table.get_mut().remove("preset");
    let (found, line) = match RunSettings::deserialize(TomlDeserializer::from(table)) {
        Ok(settings) => (settings.fault()?, None),
        Err(error) => (error.message().trim_end().to_owned(), line(&text, &error)),
    };
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    reason.ends_with(&found).then(|| format!("{}{line}", path.display()))
}

/// Parameters of optimizers and of schedules, with the names that have them.
const CHOICE_PARAMETERS: [(&str, &str, &[&str]); 7] = [
    ("optimizer", "betas", &["adam", "adamw"]),
    ("optimizer", "epsilon", &["adam", "adamw"]),
    ("optimizer", "momentum", &["sgd"]),
    ("optimizer", "nesterov", &["sgd"]),
    ("schedule", "warm_up_epochs", &["cosine"]),
    ("schedule", "floor", &["cosine", "halving"]),
    ("schedule", "every_epochs", &["halving"]),
];

/// Settings of how teachers teach.
const TEACHING: [&str; 3] =
    ["train.distillation.weight", "train.distillation.temperature", "train.distillation.corrected"];

/// Names the optimizer that is used where none is, beside parameters that it has.
fn name_default_optimizer(settings: &mut Table) {
    let default = Optimizer::default().name();
    let optimizer = settings.get_mut("train").and_then(|train| train.get_mut("optimizer"));
    let Some(optimizer) = optimizer.and_then(Value::as_table_mut) else { return };
    let is_its_own = |key: &String| {
        let mut parameters = CHOICE_PARAMETERS.iter();
        parameters
            .any(|(choice, name, owners)| *choice == "optimizer" && name == key && owners.contains(&default))
    };
    if optimizer.keys().all(is_its_own) {
        optimizer.insert("name".to_owned(), default.into());
    }
}

/// The reason, in which a setting that lacks another is named by that one.
fn with_missing_named(reason: &str) -> String {
    let named = reason.split_once(": missing field `").and_then(|(outer, rest)| {
        let missing = rest.strip_suffix('`')?;
        Some(format!("{outer}.{missing} is missing, which the {} calls for", outer.rsplit('.').next()?))
    });
    named.unwrap_or_else(|| reason.to_owned())
}

/// Checks that parameters of an optimizer or of a schedule go with one that has them, which is named.
fn check_choices(table: &Table) -> Result<(), String> {
    for (key, parameter, owners) in CHOICE_PARAMETERS {
        let choice = table.get("train").and_then(|train| train.get(key)).and_then(Value::as_table);
        let Some(choice) = choice.filter(|choice| choice.contains_key(parameter)) else { continue };
        let name = choice.get("name").and_then(Value::as_str);
        if !name.is_some_and(|name| owners.contains(&name)) {
            let named = name.map_or("which is not named".to_owned(), |name| format!("and not with {name}"));
            let owners = owners.join(" or ");
            return Err(format!("train.{key}.{parameter} goes with --{key} {owners}, {named}"));
        }
    }
    Ok(())
}

/// Settings of a preset.
fn preset_table(preset: &Value, given: &Table) -> Result<Table, CliError> {
    if preset.as_str() != Some("paper") {
        return Err(CliError::Input(format!("{preset} is no preset; there is \"paper\"")));
    }
    let scheme = given.get("train").and_then(|train| train.get("scheme")).and_then(Value::as_str);
    let full = given.get("policy").and_then(Value::as_str) == Some("full");
    let dab = !full && scheme.is_none_or(|scheme| scheme == Scheme::Dab.name());
    let failed = |error| CliError::Failure(format!("the preset: {error}"));
    let train = Value::try_from(TrainConfig::published(dab)).map_err(failed)?;
    let look = Value::try_from(NamedLook::PaperTuBerlin).map_err(failed)?;
    let arch = Value::from("sketch-a-net");
    Ok(Table::from_iter([("train".into(), train), ("look".into(), look), ("arch".into(), arch)]))
}

/// Merges `over` into `under`. A table of another `name` replaces the one under it.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) if same_name(under, &over) => merge(under, over),
            (_, value) => _ = under.insert(key, value),
        }
    }
}

fn same_name(under: &Table, over: &Table) -> bool {
    over.get("name").is_none_or(|name| under.get("name") == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(under: &str, over: &str) -> String {
        let mut table: Table = under.parse().unwrap();
        merge(&mut table, over.parse().unwrap());
        table.to_string()
    }

    #[test]
    fn what_is_said_later_stands() {
        assert_eq!(merged("a = 1\nb = 2", "b = 3"), "a = 1\nb = 3\n");
        assert_eq!(merged("[t]\na = 1\nb = 2", "[t]\nb = 3"), "[t]\na = 1\nb = 3\n");
    }

    #[test]
    fn a_choice_of_another_name_starts_anew() {
        assert_eq!(merged("[s]\nname = \"x\"\na = 1", "[s]\nname = \"y\""), "[s]\nname = \"y\"\n");
        assert_eq!(merged("[s]\nname = \"x\"\na = 1", "[s]\na = 2"), "[s]\na = 2\nname = \"x\"\n");
    }

    fn layers(options: &str) -> Result<SettingsLayers, CliError> {
        SettingsLayers::new(None, None, options.parse().unwrap())
    }

    #[test]
    fn presets_fit_the_scheme() {
        let settings = |options: &str| layers(options).and_then(|layers| layers.resolve());
        let paper = settings("data = \"d\"\npreset = \"paper\"").unwrap();
        assert_eq!(paper.train, TrainConfig::published(true));
        assert_eq!(
            (paper.arch.as_str(), paper.side, paper.look),
            ("sketch-a-net", 225, NamedLook::PaperTuBerlin)
        );
        let sign =
            settings("data = \"d\"\npreset = \"paper\"\ntrain.scheme = \"sign\"\ntrain.epochs = 3").unwrap();
        assert_eq!(sign.train, TrainConfig::published(false).with_epochs(3));
        assert!(settings("preset = \"paper\"").is_err() && settings("data = \"d\"\npreset = \"x\"").is_err());
        assert!(settings("data = \"d\"\ntrain.epoch = 3").unwrap_err().to_string().contains("epoch"));
    }

    #[test]
    fn the_source_of_a_setting_can_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        let [begun, file] = [CONFIG, "other.toml"].map(|name| folder.path().join(name));
        fs::write(&begun, "data = \"d\"\nside = 64\n[train]\nepochs = 3\nbatch = 8").unwrap();
        fs::write(&file, "[train]\nbatch = 16").unwrap();
        let options = "train.epochs = 5".parse().unwrap();
        let layers = SettingsLayers::new(Some(folder.path()), Some(&file), options).unwrap();
        assert_eq!(layers.source("side"), Some(&SettingsSource::Run(begun)));
        assert_eq!(layers.source("train.batch"), Some(&SettingsSource::File(file)));
        assert_eq!(layers.source("train.epochs"), Some(&SettingsSource::CommandLine));
        assert_eq!((layers.source("train.ema"), layers.source("arch")), (None, None));
        let settings = layers.resolve().unwrap();
        assert_eq!((settings.side, settings.train.batch, settings.train.epochs), (64, 16, 5));
    }

    fn fitted(options: &str, sketches: usize) -> (usize, usize, f32) {
        let layers = layers(&format!("data = \"d\"\n{options}")).unwrap();
        let mut settings = layers.resolve().unwrap();
        layers.fit_length(&mut settings, sketches).unwrap();
        (settings.train.batch, settings.train.epochs, settings.train.learning_rate)
    }

    #[test]
    fn few_sketches_get_small_steps_and_many_epochs() {
        assert_eq!(fitted("", 85), (16, 130, 0.006));
        assert_eq!(fitted("", 3400), (64, 13, 0.006));
        assert_eq!(fitted("", 1), (8, 650, 0.006));
        assert_eq!(fitted("", 58_650), (64, 13, 0.002));
    }

    #[test]
    fn what_was_said_stands() {
        assert_eq!(fitted("[train]\nbatch = 32\nepochs = 4\nlearning_rate = 0.5", 85), (32, 4, 0.5));
        assert_eq!(fitted("[train]\nbatch = 85", 85), (85, 650, 0.006));
        assert_eq!(fitted("start_from = \"quickdraw-20\"", 85).2, 0.002);
    }
}
