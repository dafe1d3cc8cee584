use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use dabnet_data::{DataError, Dataset, Part};
use dabnet_graph::{
    Activation, ArchitectureOptions, Canvas, Channels, Graph, InputBits, Policy, Preprocessing, Shape,
    WeightFormat, architectures,
};
use dabnet_report::NetworkKind;
use dabnet_sketch::{Augmentation, TrainingPipeline};
use dabnet_train::TrainConfig;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use toml::{Table, Value};

use super::{CONFIG, ForeignNetwork, NamedLook, PathList, SettingsLayers};
use crate::error::CliError;

/// Settings that decide what a run becomes: the content of `config.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunSettings {
    /// Data set.
    pub data: PathBuf,
    /// Name of the architecture.
    pub arch: String,
    /// Precision of its layers.
    pub policy: Policy,
    /// Activation at the end of layers with binary inputs: relu (none) or rprelu.
    pub activation: Activation,
    /// Shortcut connections around convolutions with binary inputs.
    pub shortcuts: bool,
    /// Bits of the inputs of binary layers.
    pub input_bits: InputBits,
    /// Bits of a weight in layers that stay in full precision beside binary ones, 8 or 32; 8 where it is left
    /// out, and 32 where no layer is binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_bits: Option<u8>,
    /// Side of the canvas in pixels; 0 for what the architecture was designed for.
    pub side: usize,
    /// Name of the preprocessing.
    pub look: NamedLook,
    /// Input channels beside the ink.
    #[serde(skip_serializing_if = "Channels::is_ink")]
    pub channels: Channels,
    /// Line width as a fraction of the side; 0 for a few pixels.
    pub line_width: f32,
    /// Margin as a fraction of the side.
    pub margin: f32,
    /// Mean and standard deviation that ink is normalized by, if not those of the look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalization: Option<[f32; 2]>,
    /// Run or model whose weights this one starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<PathBuf>,
    /// Teachers: runs and models.
    #[serde(skip_serializing_if = "PathList::is_empty")]
    pub teacher: PathList,
    /// Data sets that only the teachers label.
    #[serde(skip_serializing_if = "PathList::is_empty")]
    pub unlabeled: PathList,
    /// Step from one training sketch to the next; 1 for all of them.
    #[serde(skip_serializing_if = "is_one")]
    pub subsample: usize,
    /// Data augmentation.
    pub augment: AugmentSetting,
    /// Choice of the layers that keep real inputs, where the policy leaves that open or did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<AutoPolicy>,
    /// Training of the network.
    pub train: TrainConfig,
    /// The network, if it is of none of the architectures.
    #[serde(skip)]
    pub foreign: Option<Box<ForeignNetwork>>,
}

/// Data augmentation: a name, or amounts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum AugmentSetting {
    /// Name of an augmentation.
    Named(String),
    /// Amounts of each change.
    Amounts(Augmentation),
}

impl<'de> Deserialize<'de> for AugmentSetting {
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

fn is_one(number: &usize) -> bool {
    *number == 1
}

/// Choice of the layers that keep real inputs, by measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AutoPolicy {
    /// Epochs of the full-precision network to measure with, if the run does not start from another.
    pub epochs: usize,
    /// Number of layers to choose; those that stand out if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_real: Option<usize>,
}

impl Default for AutoPolicy {
    fn default() -> Self {
        Self { epochs: 1, keep_real: None }
    }
}

impl Default for RunSettings {
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
            teacher: PathList::default(),
            unlabeled: PathList::default(),
            subsample: 1,
            augment: AugmentSetting::Named("light".into()),
            auto: None,
            train: TrainConfig::default(),
            foreign: None,
        }
    }
}

impl RunSettings {
    /// Resolves what a run's folder, a preset, a file and options say, each over what comes before it.
    pub(crate) fn resolve(folder: &Path, file: Option<&Path>, options: Table) -> Result<Self, CliError> {
        SettingsLayers::new(Some(folder), file, options)?.resolve()
    }

    /// Settings that the run in `folder` was begun with, if it was.
    pub(crate) fn begun(folder: &Path) -> Result<Option<Self>, CliError> {
        let is_begun = folder.join(CONFIG).is_file();
        is_begun.then(|| Self::resolve(folder, None, Table::new())).transpose()
    }

    /// Reason why a value is out of range, if one is.
    pub(super) fn fault(&self) -> Option<String> {
        let augment = self.augmentation().and_then(|augment| Ok(augment.validate()?));
        let bits = self.end_bits.filter(|bits| WeightFormat::of_bits(*bits).is_none());
        augment
            .err()
            .map(|error| error.to_string())
            .or_else(|| Some(format!("end_bits is {}: give 8 or 32", bits?)))
            .or_else(|| (self.subsample == 0).then(|| "subsample is 0: give 1 or more".to_owned()))
            .or_else(|| Some(self.train.validate().err()?.to_string()))
    }

    /// Number of sketches of a data set that are trained on.
    pub(crate) fn train_count(&self, data: &Dataset) -> Result<usize, DataError> {
        Ok(data.indices(Part::Train)?.len().div_ceil(self.subsample))
    }

    /// True if the layers that keep real inputs are still to be chosen.
    pub(crate) fn is_automatic(&self) -> bool {
        self.policy.to_string() == NetworkKind::AUTOMATIC
    }

    /// Takes the layers that were chosen for `begun`, if they are to be chosen here in the same way.
    #[must_use]
    pub(crate) fn chosen_as(mut self, begun: &Self) -> Self {
        if self.is_automatic() && !begun.is_automatic() && self.auto == begun.auto {
            self.policy = begun.policy.clone();
        }
        self
    }

    /// Completes and checks the settings; `folder` is that of a run that was begun.
    pub(super) fn completed(mut self, folder: Option<&Path>) -> Result<Self, CliError> {
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

    /// Values of all settings by name, such as `train.epochs`, as a file has them.
    pub(crate) fn by_name(&self) -> Result<BTreeMap<String, String>, CliError> {
        let failed = |error: toml::de::Error| CliError::Failure(format!("the settings: {error}"));
        let mut named = BTreeMap::new();
        name_values("", &self.text()?.parse().map_err(failed)?, &mut named);
        Ok(named)
    }

    /// The first setting in which `other` differs: its name, and both values.
    pub(crate) fn difference(&self, other: &Self) -> Result<Option<(String, String, String)>, CliError> {
        let (ours, theirs) = (self.by_name()?, other.by_name()?);
        let value =
            |of: &BTreeMap<String, String>, name| of.get(name).map_or("not set", String::as_str).to_owned();
        let mut names = ours.keys().chain(theirs.keys());
        let differing = names.find(|name| ours.get(*name) != theirs.get(*name));
        Ok(differing.map(|name| (name.clone(), value(&ours, name), value(&theirs, name))))
    }

    /// Checks that a run in `folder` that was begun with these settings can go on with `now`. The trainer checks its
    /// own, and data and the network that it started from may have been moved.
    pub(crate) fn check_goes_on(&self, now: &Self, folder: &Path) -> Result<(), CliError> {
        let (data, unlabeled) = (self.data.clone(), self.unlabeled.clone());
        let mut theirs = Self { data, unlabeled, train: self.train.clone(), ..now.clone() };
        let name =
            |start: &Option<PathBuf>| start.as_ref().and_then(|path| path.file_name()).map(ToOwned::to_owned);
        if name(&self.start_from) == name(&now.start_from) {
            theirs.start_from.clone_from(&self.start_from);
        }
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

    /// Path and content of the settings file of the run in `folder`.
    pub(super) fn file(&self, folder: &Path) -> Result<(PathBuf, String), CliError> {
        Ok((folder.join(CONFIG), self.text()?))
    }

    /// Graph of the network for so many labels.
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

    /// Options of the architecture.
    fn network_options(&self) -> ArchitectureOptions {
        let Self { activation, shortcuts, ref input_bits, .. } = *self;
        let ends = self.end_bits.and_then(WeightFormat::of_bits);
        ArchitectureOptions::default()
            .with_activation(activation)
            .with_shortcuts(shortcuts)
            .with_input_bits(input_bits.clone())
            .with_ends(ends)
    }

    /// Preprocessing of the network.
    pub(crate) fn preprocessing(&self) -> Preprocessing {
        let Self { side, line_width, margin, .. } = *self;
        let canvas = Canvas { side, line_width, margin, mean: 0.0, std: 1.0 };
        let Preprocessing { look, canvas, .. } = self.look.preprocessing(canvas);
        let [mean, std] = self.normalization.unwrap_or([canvas.mean, canvas.std]);
        Preprocessing::new(look, Canvas { mean, std, ..canvas }).with_channels(self.channels)
    }

    /// Checks that a network of no architecture is not asked for what only architectures have.
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

    /// Preprocessing and augmentation of training.
    pub(crate) fn view(&self) -> Result<TrainingPipeline, CliError> {
        Ok(TrainingPipeline {
            preprocessing: self.preprocessing(),
            augmentation: self.look.augment(self.augmentation()?),
        })
    }

    /// The augmentation, for the record in a model.
    pub(super) fn augmentation_record(&self) -> serde_json::Value {
        if self.look.varies_by_itself() {
            return serde_json::json!(format!("as the look '{}' is", self.preprocessing().look));
        }
        serde_json::json!(self.augment)
    }

    fn augmentation(&self) -> Result<Augmentation, CliError> {
        match &self.augment {
            AugmentSetting::Amounts(augment) => Ok(*augment),
            AugmentSetting::Named(name) => Augmentation::named(name).ok_or_else(|| {
                let known = Augmentation::NAMES.join(", ");
                CliError::Input(format!("'{name}' is no way to vary sketches; there are {known}"))
            }),
        }
    }
}

/// Collects the values of a table and of its tables by name.
fn name_values(prefix: &str, table: &Table, named: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => name_values(&format!("{prefix}{key}."), inner, named),
            _ => _ = named.insert(format!("{prefix}{key}"), value.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_differ_by_name() {
        let settings = |options: &str| {
            SettingsLayers::new(None, None, options.parse().unwrap()).unwrap().resolve().unwrap()
        };
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
        let settings = RunSettings::resolve(folder.path(), None, options.parse().unwrap()).unwrap();
        assert!(settings.train.distillation.is_some());
        let (path, text) = settings.file(folder.path()).unwrap();
        fs::write(path, text).unwrap();
        assert_eq!(RunSettings::resolve(folder.path(), None, Table::new()).unwrap(), settings);
    }
}
