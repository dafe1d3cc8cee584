use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use dabnet_binarize::Scheme;
use dabnet_graph::{
    Activation, Canvas, Channels, Graph, InputBits, Options, Policy, Preprocessing, Shape, WeightFormat,
    architectures,
};
use dabnet_report::NetworkKind;
use dabnet_sketch::{Augment, View};
use dabnet_train::TrainConfig;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use toml::{
    Table, Value,
    de::{DeTable, Deserializer as TomlDeserializer},
};

use super::{Auto, CONFIG, ForeignNetwork, NamedLook, Paths, beginning, length};
use crate::error::CliError;

/// Everything that decides what a run becomes: what `config.toml` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The data set.
    pub data: PathBuf,
    /// The architecture.
    pub arch: String,
    /// Which of its layers are binary.
    pub policy: Policy,
    /// What layers with binary inputs end with: relu (nothing) or rprelu.
    pub activation: Activation,
    /// Whether convolutions with binary inputs have a way around them.
    pub shortcuts: bool,
    /// Bits of what layers with binary inputs read.
    pub input_bits: InputBits,
    /// Bits of a weight in layers that stay in full precision beside binary ones, 8 or 32; 8 where it is left
    /// out, and 32 where no layer is binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_bits: Option<u8>,
    /// Side of the canvas in pixels; 0 for what the architecture was designed for.
    pub side: usize,
    /// How sketches are looked at.
    pub look: NamedLook,
    /// What of lines is shown beside the ink.
    #[serde(skip_serializing_if = "Channels::is_ink")]
    pub channels: Channels,
    /// Width of a line as a fraction of the side; 0 for a few pixels.
    pub line_width: f32,
    /// Empty border as a fraction of the side.
    pub margin: f32,
    /// Mean and standard deviation that ink is normalised by, where they are not those of the look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalization: Option<[f32; 2]>,
    /// A run or a model whose weights this one starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<PathBuf>,
    /// Runs and models that this one learns from as well.
    #[serde(skip_serializing_if = "Paths::is_empty")]
    pub teacher: Paths,
    /// Data of which only what teachers answer is learned.
    #[serde(skip_serializing_if = "Paths::is_empty")]
    pub unlabeled: Paths,
    /// How sketches are varied: a name, or amounts.
    pub augment: Variation,
    /// How the policy was, or is to be, chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<Auto>,
    /// How the network is trained.
    pub train: TrainConfig,
    /// The network, where it is of no architecture.
    #[serde(skip)]
    pub foreign: Option<Box<ForeignNetwork>>,
}

/// How sketches are varied.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Variation {
    Named(String),
    Amounts(Augment),
}

impl<'de> Deserialize<'de> for Variation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::Named(name)),
            // Which of its fields is wrong is not lost on the way.
            Value::Table(amounts) => {
                amounts.try_into().map(Self::Amounts).map_err(|error: toml::de::Error| {
                    D::Error::custom(format!("augment: {}", error.message().trim_end()))
                })
            }
            other => Err(D::Error::custom(format!("augment is {other}: give a name, or a table of amounts"))),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::new(),
            arch: "sketch-a-net-64".into(),
            policy: Policy::Fbin,
            activation: Activation::Relu,
            shortcuts: false,
            input_bits: InputBits::default(),
            end_bits: None,
            side: 0,
            look: NamedLook::Lines,
            channels: Channels::Ink,
            line_width: 0.0,
            margin: 0.03,
            normalization: None,
            start_from: None,
            teacher: Paths::default(),
            unlabeled: Paths::default(),
            augment: Variation::Named("light".into()),
            auto: None,
            train: TrainConfig::default(),
            foreign: None,
        }
    }
}

impl Settings {
    /// Puts together what a run's folder, a preset, a file and the command line say, each over what comes
    /// before it. What a run in `folder` was begun with stands in place of the defaults.
    pub(crate) fn resolve(folder: &Path, file: Option<&Path>, options: Table) -> Result<Self, CliError> {
        let begun = Some(folder.join(CONFIG)).filter(|path| path.is_file());
        Self::put_together(begun.as_deref(), file, options, None)
    }

    /// The same, and the defaults of how long it is trained, and in what steps, are for so many sketches.
    pub(crate) fn resolve_for(
        sketches: usize,
        folder: &Path,
        file: Option<&Path>,
        options: Table,
    ) -> Result<Self, CliError> {
        let begun = Some(folder.join(CONFIG)).filter(|path| path.is_file());
        Self::put_together(begun.as_deref(), file, options, Some(sketches))
    }

    /// The same for a run that has not begun.
    pub(crate) fn new(file: Option<&Path>, options: Table) -> Result<Self, CliError> {
        Self::put_together(None, file, options, None)
    }

    /// Those that the run in `folder` was begun with, if it was.
    pub(crate) fn begun(folder: &Path) -> Result<Option<Self>, CliError> {
        let path = folder.join(CONFIG);
        path.is_file().then(|| Self::put_together(Some(&path), None, Table::new(), None)).transpose()
    }

    fn put_together(
        begun: Option<&Path>,
        file: Option<&Path>,
        options: Table,
        sketches: Option<usize>,
    ) -> Result<Self, CliError> {
        let chooses = options.contains_key("auto");
        let read = |path: Option<&Path>| path.map_or_else(|| Ok(Table::new()), read);
        let (mut table, mut given) = (read(begun)?, read(file)?);
        merge(&mut given, options);
        if let Some(preset) = given.remove("preset") {
            merge(&mut table, preset_table(&preset, &given)?);
        }
        merge(&mut table, given);
        if let Some(sketches) = sketches {
            length::fill(&mut table, sketches);
        }
        let foreign = beginning::follow(&mut table);
        let settings = Self::checked(table).map_err(|reason| {
            let place = [begun, file].into_iter().flatten().find_map(|path| place(path, &reason));
            let place = place.unwrap_or_else(|| "the settings of the run".to_owned());
            CliError::Input(format!("{place}: {reason}"))
        })?;
        if chooses && !settings.is_automatic() {
            let reason = format!("--auto-epochs and --keep-real go with --policy {}", NetworkKind::AUTOMATIC);
            return Err(CliError::Input(reason));
        }
        Self { foreign, ..settings }.validated(begun.and_then(Path::parent))
    }

    /// What a table says, or what is wrong with that.
    fn checked(table: Table) -> Result<Self, String> {
        check_named(&table)?;
        let settings: Self =
            table.try_into().map_err(|error: toml::de::Error| error.message().trim_end().to_owned())?;
        settings.fault().map_or(Ok(settings), Err)
    }

    /// What is out of range, if anything is.
    fn fault(&self) -> Option<String> {
        let augment = self.variation().and_then(|augment| Ok(augment.validate()?));
        let bits = self.end_bits.filter(|bits| WeightFormat::of_bits(*bits).is_none());
        augment
            .err()
            .map(|error| error.to_string())
            .or_else(|| Some(format!("end_bits is {}: give 8 or 32", bits?)))
            .or_else(|| Some(self.train.validate().err()?.to_string()))
    }

    /// Whether it is still open which layers keep real inputs.
    pub(crate) fn is_automatic(&self) -> bool {
        self.policy.to_string() == NetworkKind::AUTOMATIC
    }

    /// The same with the layers that were chosen for `begun`, if they are to be chosen here in the same way.
    #[must_use]
    pub(crate) fn chosen_as(mut self, begun: &Self) -> Self {
        if self.is_automatic() && !begun.is_automatic() && self.auto == begun.auto {
            self.policy = begun.policy.clone();
        }
        self
    }

    /// With what follows from what was said; `folder` is where a run was begun, if it was.
    fn validated(mut self, folder: Option<&Path>) -> Result<Self, CliError> {
        if self.data.as_os_str().is_empty() {
            return Err(CliError::Input("say what to train on: --data DATA".into()));
        }
        if self.foreign.is_none() {
            match architectures::find(&self.arch) {
                Ok(architecture) if self.side == 0 => self.side = architecture.side,
                Ok(_) => {}
                // What it began with may be gone.
                Err(error) => match folder
                    .and_then(|folder| ForeignNetwork::begun(folder, || self.preprocessing()).map(Box::new))
                {
                    None => return Err(error.into()),
                    begun => self.foreign = begun,
                },
            }
        }
        self.check_foreign()?;
        let [line_width, margin] = self.look.line_and_margin(self.side, self.margin);
        if ![margin, Self::default().margin].contains(&self.margin) {
            let look = self.preprocessing().look;
            return Err(CliError::Input(format!("the look '{look}' has a margin of {margin}: leave it out")));
        }
        self.margin = margin;
        if self.line_width == 0.0 {
            self.line_width = line_width;
        }
        match self.policy {
            Policy::Full | Policy::Wbin => self.auto = None,
            _ if self.is_automatic() => _ = self.auto.get_or_insert_default(),
            // Where the layers were measured, bits that one has no more use for do no harm.
            _ if self.auto.is_none() => self.network_options().check(&self.policy)?,
            _ => {}
        }
        self.check_preprocessing()?;
        if !self.teacher.is_empty() && self.train.distillation.is_none() {
            self.train.distillation = Some(Default::default());
        }
        if self.teacher.is_empty() && !self.unlabeled.is_empty() {
            let reason = "--unlabeled goes with --teacher: nobody else says what these sketches are";
            return Err(CliError::Input(reason.into()));
        }
        Ok(self)
    }

    /// Every setting by its name, such as `train.epochs`, with its value as a file of settings has it.
    pub(crate) fn by_name(&self) -> Result<BTreeMap<String, String>, CliError> {
        let failed = |error: toml::de::Error| CliError::Failure(format!("the settings: {error}"));
        let mut named = BTreeMap::new();
        name_values("", &self.text()?.parse().map_err(failed)?, &mut named);
        Ok(named)
    }

    /// The first setting in which `other` differs, and what it is here and there.
    pub(crate) fn difference(&self, other: &Self) -> Result<Option<(String, String, String)>, CliError> {
        let (ours, theirs) = (self.by_name()?, other.by_name()?);
        let value =
            |of: &BTreeMap<String, String>, name| of.get(name).map_or("not set", String::as_str).to_owned();
        let mut names = ours.keys().chain(theirs.keys());
        let differing = names.find(|name| ours.get(*name) != theirs.get(*name));
        Ok(differing.map(|name| (name.clone(), value(&ours, name), value(&theirs, name))))
    }

    /// That a run in `folder` that was begun with these goes on as the same with `now`. What the trainer is told
    /// it checks itself, and data may have been moved.
    pub(crate) fn check_goes_on(&self, now: &Self, folder: &Path) -> Result<(), CliError> {
        let (data, unlabeled) = (self.data.clone(), self.unlabeled.clone());
        let theirs = Self { data, unlabeled, train: self.train.clone(), ..now.clone() };
        match self.difference(&theirs)? {
            Some((name, begun, now)) => Err(CliError::Input(format!(
                "{}: {name} was {begun} when it was begun and is now {now}: take another --out",
                folder.display()
            ))),
            None => Ok(()),
        }
    }

    fn text(&self) -> Result<String, CliError> {
        toml::to_string(self).map_err(|error| CliError::Failure(format!("the settings: {error}")))
    }

    /// The file that keeps them with the run in `folder`, and what is in it.
    pub(super) fn file(&self, folder: &Path) -> Result<(PathBuf, String), CliError> {
        Ok((folder.join(CONFIG), self.text()?))
    }

    /// The network for so many labels.
    pub(crate) fn graph(&self, classes: usize) -> Result<Graph, CliError> {
        let options = self.network_options();
        if let Some(foreign) = &self.foreign {
            return foreign.graph(&self.policy, &options, classes);
        }
        let architecture = architectures::find(&self.arch)?;
        let input = Shape::new(self.channels.count(), self.side, self.side);
        architecture.graph_on(input, classes, &self.policy, options).map_err(|error| {
            let Self { arch, side, .. } = self;
            CliError::Input(format!("{arch} at {side}×{side}: {error}"))
        })
    }

    /// What the layers of the network have beside their precision.
    fn network_options(&self) -> Options {
        let Self { activation, shortcuts, ref input_bits, .. } = *self;
        let ends = self.end_bits.and_then(WeightFormat::of_bits);
        Options { activation, shortcuts, input_bits: input_bits.clone(), ends }
    }

    /// How sketches become what the network sees.
    pub(crate) fn preprocessing(&self) -> Preprocessing {
        let Self { side, line_width, margin, .. } = *self;
        let canvas = Canvas { side, line_width, margin, mean: 0.0, std: 1.0 };
        let Preprocessing { look, canvas, .. } = self.look.preprocessing(canvas);
        let [mean, std] = self.normalization.unwrap_or([canvas.mean, canvas.std]);
        Preprocessing::new(look, Canvas { mean, std, ..canvas }).with_channels(self.channels)
    }

    /// That a network of no architecture is not asked for what only these have.
    fn check_foreign(&self) -> Result<(), CliError> {
        let Some(foreign) = &self.foreign else { return Ok(()) };
        let (name, shape) = (foreign.graph.architecture(), foreign.graph.input_shape());
        let ours = Shape::new(self.channels.count(), self.side, self.side);
        if shape != ours {
            return Err(CliError::Input(format!("the network {name} sees {shape}, not {ours}")));
        }
        if self.shortcuts || self.activation != Activation::default() {
            return Err(CliError::Input(format!(
                "--activation and --shortcuts are for the architectures of this program, and {name} is none"
            )));
        }
        Ok(())
    }

    fn check_preprocessing(&self) -> Result<(), CliError> {
        let preprocessing = self.preprocessing();
        preprocessing.validate()?;
        let (look, Canvas { side, line_width, .. }) = (preprocessing.look, preprocessing.canvas);
        if side != self.side {
            return Err(CliError::Input(format!(
                "the look '{look}' is of {side} pixels, the network sees {}: give --side {side}",
                self.side
            )));
        }
        if line_width != self.line_width {
            return Err(CliError::Input(format!(
                "the look '{look}' has lines of {line_width}, not {}: leave --line-width out",
                self.line_width
            )));
        }
        Ok(())
    }

    /// How training sees sketches.
    pub(crate) fn view(&self) -> Result<View, CliError> {
        Ok(View { preprocessing: self.preprocessing(), augment: self.look.augment(self.variation()?) })
    }

    /// How sketches are varied, for the record in a model.
    pub(super) fn varied_as(&self) -> serde_json::Value {
        if self.look.varies_by_itself() {
            return serde_json::json!(format!("as the look '{}' is", self.preprocessing().look));
        }
        serde_json::json!(self.augment)
    }

    fn variation(&self) -> Result<Augment, CliError> {
        match &self.augment {
            Variation::Amounts(augment) => Ok(*augment),
            Variation::Named(name) => Augment::named(name).ok_or_else(|| {
                let known = Augment::NAMES.join(", ");
                CliError::Input(format!("'{name}' is no way to vary sketches; there are {known}"))
            }),
        }
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

/// The line that an error is in, from 1.
fn line(text: &str, error: &toml::de::Error) -> Option<usize> {
    let span = error.span()?;
    Some(text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1)
}

/// The file, and the line where that is known, if it alone is wrong for this reason already.
fn place(path: &Path, reason: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut table = DeTable::parse(&text).ok()?;
    table.get_mut().remove("preset");
    let (found, line) = match Settings::deserialize(TomlDeserializer::from(table)) {
        Ok(settings) => (settings.fault()?, None),
        Err(error) => (error.message().trim_end().to_owned(), line(&text, &error)),
    };
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    (found == reason).then(|| format!("{}{line}", path.display()))
}

/// That a choice that something is said of is made.
fn check_named(table: &Table) -> Result<(), String> {
    let choices = [
        ("optimizer", "--optimizer adam, adamw or sgd"),
        ("schedule", "--schedule one-cycle, cosine, halving or constant"),
    ];
    let of = |key: &str| table.get("train")?.get(key)?.as_table();
    let unnamed = |(key, _): &(&str, &str)| of(key).is_some_and(|choice| !choice.contains_key("name"));
    match choices.into_iter().find(unnamed) {
        Some((key, option)) => {
            let said = of(key).into_iter().flat_map(Table::keys).cloned().collect::<Vec<_>>().join(", ");
            Err(format!("{said} is said of train.{key}, which has no name: give {option}"))
        }
        None => Ok(()),
    }
}

/// The settings that a preset stands for.
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

/// Names the values of a table and of those in it.
fn name_values(prefix: &str, table: &Table, named: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => name_values(&format!("{prefix}{key}."), inner, named),
            _ => _ = named.insert(format!("{prefix}{key}"), value.to_string()),
        }
    }
}

/// Puts `over` over `under`. A table whose `name` is another takes the place of the one under it.
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

    #[test]
    fn presets_fit_the_scheme() {
        let settings = |options: &str| {
            let options: Table = options.parse().unwrap();
            Settings::resolve(Path::new("nowhere"), None, options)
        };
        let paper = settings("data = \"d\"\npreset = \"paper\"").unwrap();
        assert_eq!(paper.train, TrainConfig::published(true));
        assert_eq!(
            (paper.arch.as_str(), paper.side, paper.look),
            ("sketch-a-net", 225, NamedLook::PaperTuBerlin)
        );
        let sign =
            settings("data = \"d\"\npreset = \"paper\"\ntrain.scheme = \"sign\"\ntrain.epochs = 3").unwrap();
        assert_eq!(sign.train, TrainConfig { epochs: 3, ..TrainConfig::published(false) });
        assert!(settings("preset = \"paper\"").is_err() && settings("data = \"d\"\npreset = \"x\"").is_err());
        assert!(settings("data = \"d\"\ntrain.epoch = 3").unwrap_err().to_string().contains("epoch"));
    }

    #[test]
    fn settings_differ_by_name() {
        let settings = |options: &str| Settings::new(None, options.parse().unwrap()).unwrap();
        let ours = settings("data = \"d\"\ntrain.ema = 0.99");
        assert_eq!(ours.difference(&ours.clone()).unwrap(), None);
        let theirs = settings("data = \"d\"");
        let difference = ["train.ema", "0.99", "not set"].map(str::to_owned);
        assert_eq!(ours.difference(&theirs).unwrap(), Some(difference.into()));
    }

    #[test]
    fn settings_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let options = "data = \"d\"\nteacher = \"t\"\ntrain.ema = 0.99\naugment.flip = 0.25";
        let settings = Settings::resolve(folder.path(), None, options.parse().unwrap()).unwrap();
        assert!(settings.train.distillation.is_some());
        let (path, text) = settings.file(folder.path()).unwrap();
        fs::write(path, text).unwrap();
        assert_eq!(Settings::resolve(folder.path(), None, Table::new()).unwrap(), settings);
    }
}
