//! Settings as options of the command line. The id of an option is the name of its setting in a file.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, parser::ValueSource};
use dabnet_graph::architectures;
use dabnet_train::{
    Device, Distillation, Momentum, Optimizer, SaveSchedule, Schedule, TrainConfig, TrainError,
};
use toml::{Table, Value};

use super::{AutoPolicy, NamedLook, RunSettings};

/// Options of a run. Only their definitions are used: [`given`] reads the values, and [`defaults`] the defaults that
/// help shows.
#[derive(Debug, Args)]
#[group(skip)]
struct RunOptions {
    /// Data set, or anything that can be imported; quickdraw-20 is in the program
    #[arg(long, value_name = "DATA", help_heading = "What to train")]
    data: Option<PathBuf>,

    /// Train on every N-th sketch alone, for a try-out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "What to train")]
    subsample: Option<u32>,

    #[arg(long, value_name = "NAME", help_heading = "What to train", help = format!("Architecture: {}", architectures::names()))]
    arch: Option<String>,

    /// Precision of the layers: full, wbin, fbin, hybrid:LAYER,... (fbin, but these
    /// layers wbin) or hybrid:auto, which measures where that pays
    #[arg(long, value_name = "POLICY", help_heading = "What to train")]
    policy: Option<String>,

    /// Binarization scheme of filters: dab, sign, mean or dab-published
    #[arg(id = "train.scheme", long = "scheme", value_name = "SCHEME", help_heading = "What to train")]
    scheme: Option<String>,

    /// Epochs of the full-precision network that --policy hybrid:auto measures with, without --start-from
    #[arg(id = "auto.epochs", long = "auto-epochs", value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "What to train")]
    auto_epochs: Option<u32>,

    /// Number of layers that keep real inputs, with --policy hybrid:auto [default: those that stand out]
    #[arg(id = "auto.keep_real", long = "keep-real", value_name = "N", help_heading = "What to train")]
    keep_real: Option<u16>,

    /// Activation at the end of layers with binary inputs: relu (none) or rprelu
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    activation: Option<String>,

    /// Shortcut connections around convolutions with binary inputs, where shapes allow for them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "What to train")]
    shortcuts: Option<bool>,

    /// Bits of the inputs of binary layers: 1 (signs), 2 or 4 (levels a learned step apart), with
    /// LAYER=BITS for layers that differ, as in 1,conv2=4
    #[arg(long, value_name = "BITS", help_heading = "What to train")]
    input_bits: Option<String>,

    /// Bits of a weight in the layers that stay in full precision beside binary ones, 8 or 32
    /// [default: 8, with --policy full 32]
    #[arg(long, value_name = "BITS", help_heading = "What to train")]
    end_bits: Option<u8>,

    /// Side of the canvas in pixels [default: what the architecture was designed for]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(8..=1024), help_heading = "What to train")]
    side: Option<u16>,

    /// Preprocessing of sketches
    #[arg(long, value_name = "LOOK", help_heading = "What to train")]
    look: Option<NamedLook>,

    /// Input channels beside the ink, with --look lines: ink (none), order (the
    /// thirds of the drawing's length) or direction (four of them) [default: ink]
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    channels: Option<String>,

    /// Line width, as a fraction of the side [default: 2.56 pixels]
    #[arg(long, value_name = "SHARE", help_heading = "What to train")]
    line_width: Option<f64>,

    /// Data augmentation: none, light, strong, or one change by its name
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    augment: Option<String>,

    /// Preset to begin with: paper, the settings published with the paper
    #[arg(long, value_name = "NAME", help_heading = "How to train")]
    preset: Option<String>,

    /// Seed of all randomness
    #[arg(id = "train.seed", long = "seed", value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64), help_heading = "How to train")]
    seed: Option<u64>,

    /// Epochs: passes over the training sketches; more of few sketches
    #[arg(id = "train.epochs", long = "epochs", value_name = "N", help_heading = "How to train")]
    epochs: Option<u32>,

    /// Batch size: sketches per step; smaller of few sketches
    #[arg(id = "train.batch", long = "batch", value_name = "N", help_heading = "How to train")]
    batch: Option<u32>,

    /// Gradient accumulation: steps per update, N, or EPOCH:N with commas between them
    #[arg(id = "train.accumulate", long = "accumulate", value_name = "STEPS", value_parser = accumulation, help_heading = "How to train")]
    accumulate: Option<Value>,

    /// Optimizer: adam, adamw or sgd
    #[arg(
        id = "train.optimizer.name",
        long = "optimizer",
        value_name = "NAME",
        help_heading = "How to train"
    )]
    optimizer: Option<String>,

    /// Learning rate at its peak; less in long runs and with --start-from
    #[arg(
        id = "train.learning_rate",
        long = "learning-rate",
        value_name = "RATE",
        help_heading = "How to train"
    )]
    learning_rate: Option<f64>,

    /// Learning rate schedule: one-cycle, cosine, halving or constant
    #[arg(id = "train.schedule.name", long = "schedule", value_name = "NAME", help_heading = "How to train")]
    schedule: Option<String>,

    /// Warm-up: epochs over which the learning rate rises, with --schedule cosine
    #[arg(
        id = "train.schedule.warm_up_epochs",
        long = "warm-up",
        value_name = "EPOCHS",
        help_heading = "How to train"
    )]
    warm_up: Option<f64>,

    /// Minimum learning rate, with --schedule cosine or halving
    #[arg(id = "train.schedule.floor", long = "floor", value_name = "RATE", help_heading = "How to train")]
    floor: Option<f64>,

    /// Epochs from one halving of the learning rate to the next, with --schedule halving
    #[arg(
        id = "train.schedule.every_epochs",
        long = "halve-every",
        value_name = "EPOCHS",
        help_heading = "How to train"
    )]
    halve_every: Option<u32>,

    /// Momentum, with --optimizer sgd
    #[arg(
        id = "train.optimizer.momentum",
        long = "momentum",
        value_name = "SHARE",
        help_heading = "How to train"
    )]
    momentum: Option<f64>,

    /// Use Nesterov momentum, with --optimizer sgd
    #[arg(id = "train.optimizer.nesterov", long = "nesterov", help_heading = "How to train")]
    nesterov: bool,

    /// Decay rates of the moment estimates, with --optimizer adam or adamw: two numbers with a comma between them
    #[arg(id = "train.optimizer.betas", long = "betas", value_name = "B1,B2", value_parser = betas, help_heading = "How to train")]
    betas: Option<Value>,

    /// Epsilon added to the root of the second moment, with --optimizer adam or adamw
    #[arg(
        id = "train.optimizer.epsilon",
        long = "epsilon",
        value_name = "NUMBER",
        help_heading = "How to train"
    )]
    epsilon: Option<f64>,

    /// Weight decay (L2 penalty per step)
    #[arg(
        id = "train.weight_decay",
        long = "weight-decay",
        value_name = "SHARE",
        help_heading = "How to train"
    )]
    weight_decay: Option<f64>,

    /// Apply weight decay to the latent weights of binary layers, too
    #[arg(id = "train.decay_binary_weights", long = "decay-binary-weights", help_heading = "How to train")]
    decay_binary_weights: bool,

    /// Subtract the mean over input channels from every latent filter, as published: true or false
    #[arg(id = "train.center", long = "center", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "How to train")]
    center: Option<bool>,

    /// Gradient estimator of latent weights: identity (straight-through) or published
    #[arg(
        id = "train.weight_gradient",
        long = "weight-gradient",
        value_name = "NAME",
        help_heading = "How to train"
    )]
    weight_gradient: Option<String>,

    /// Label smoothing: probability spread evenly over all labels
    #[arg(
        id = "train.label_smoothing",
        long = "label-smoothing",
        value_name = "SHARE",
        help_heading = "How to train"
    )]
    label_smoothing: Option<f64>,

    /// Exponential moving average of the weights, of this decay, in place of the weights [default: none]
    #[arg(id = "train.ema", long = "ema", value_name = "DECAY", help_heading = "How to train")]
    ema: Option<f64>,

    /// Mixed precision: multiply in bfloat16, faster where the processor has instructions for it (AMX, AVX-512 BF16)
    #[arg(id = "train.mixed_precision", long = "mixed-precision", help_heading = "How to train")]
    mixed_precision: bool,

    /// Number of first epochs in which binary layers keep real weights, their inputs being binary already
    #[arg(
        id = "train.real_weight_epochs",
        long = "real-weight-epochs",
        value_name = "EPOCHS",
        help_heading = "How to train"
    )]
    real_weight_epochs: Option<u32>,

    /// Fine-tune another network: a run, or a model's file, folder or name. A model in full
    /// precision that is of none of the architectures is what is trained, too, where no --arch is given
    #[arg(long, value_name = "NETWORK", help_heading = "How to train")]
    start_from: Option<PathBuf>,

    /// Teacher for knowledge distillation: a run, or a model's file, folder or name, of any look, side
    /// and precision, that knows all labels of the data. Several are an ensemble
    #[arg(long, value_name = "NETWORK", help_heading = "How to train")]
    teacher: Vec<PathBuf>,

    /// Distillation weight: share of the teachers in the loss, from 0 to 1
    #[arg(
        id = "train.distillation.weight",
        long = "teacher-weight",
        value_name = "SHARE",
        help_heading = "How to train"
    )]
    teacher_weight: Option<f64>,

    /// Unlabeled data set, or one of other labels, mixed in with the teachers' answers; of a split
    /// data set the training part. May be given several times
    #[arg(long, value_name = "DATA", help_heading = "How to train")]
    unlabeled: Vec<PathBuf>,

    /// Distillation temperature: higher values soften the teacher's probabilities
    #[arg(
        id = "train.distillation.temperature",
        long = "temperature",
        value_name = "NUMBER",
        help_heading = "How to train"
    )]
    temperature: Option<f64>,

    /// Swap the teacher's probabilities of its first answer and of the right label, where these differ
    #[arg(id = "train.distillation.corrected", long = "correct-teachers", help_heading = "How to train")]
    correct_teachers: bool,
}

/// Settings that decide which network of several a run trains.
const CHOSEN: [&str; 4] = ["arch", "policy", "train.scheme", "train.seed"];

/// Settings given as options, as a file of settings has them.
///
/// Without `CHOICE` it lacks the options that say which network is trained, from which seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsArgs<const CHOICE: bool>(pub(crate) Table);

impl<const CHOICE: bool> Args for SettingsArgs<CHOICE> {
    fn augment_args(command: Command) -> Command {
        command.args(
            options().into_iter().filter(|option| CHOICE || !CHOSEN.contains(&option.get_id().as_str())),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const CHOICE: bool> FromArgMatches for SettingsArgs<CHOICE> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut table = Table::new();
        for option in options() {
            if let Some(value) = given(matches, &option) {
                insert(&mut table, option.get_id().as_str(), value);
            }
        }
        Ok(Self(table))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Definitions of the options, with defaults in their help.
fn options() -> Vec<Arg> {
    let (command, defaults) = (RunOptions::augment_args(Command::new("run")), defaults());
    let with_default = |option: &Arg| {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        match defaults.get(option.get_id().as_str()) {
            Some(default) if !help.contains("[default:") => {
                option.clone().help(format!("{help} [default: {default}]"))
            }
            _ => option.clone(),
        }
    };
    command.get_arguments().map(with_default).collect()
}

/// The option that gives a setting, such as `--warm-up`.
pub(super) fn option_of(setting: &str) -> Option<String> {
    let command = RunOptions::augment_args(Command::new("run"));
    let option = command.get_arguments().find(|option| option.get_id() == setting)?;
    Some(format!("--{}", option.get_long()?))
}

/// Defaults of the settings by name, as help shows them: without those that are off or empty.
fn defaults() -> BTreeMap<String, String> {
    let mut defaults = BTreeMap::new();
    let sgd = Optimizer::Sgd(Momentum::default());
    let cosine = Schedule::Cosine { warm_up_epochs: 0.0, floor: 0.0 };
    for (optimizer, schedule) in [(sgd, cosine), (Optimizer::default(), Schedule::default())] {
        let distillation = Some(Distillation::default());
        let train = TrainConfig::default()
            .with_optimizer(optimizer)
            .with_schedule(schedule)
            .with_distillation(distillation);
        let settings = RunSettings { auto: Some(AutoPolicy::default()), train, ..RunSettings::default() };
        defaults.extend(settings.by_name().unwrap_or_default());
    }
    let shown = |value: String| value.trim_matches(['"', '[', ']']).replace(", ", ",");
    let defaults = defaults.into_iter().map(|(name, value)| (name, shown(value)));
    defaults.filter(|(_, value)| !value.is_empty() && value != "false").collect()
}

/// Value of an option on the command line, as a file has it.
fn given(matches: &ArgMatches, option: &Arg) -> Option<Value> {
    let id = option.get_id().as_str();
    if !matches.try_contains_id(id).is_ok_and(|there| there)
        || matches.value_source(id) != Some(ValueSource::CommandLine)
    {
        return None;
    }
    if let Ok(Some(value)) = matches.try_get_one::<Value>(id) {
        return Some(value.clone());
    }
    if let Ok(Some(&value)) = matches.try_get_one::<bool>(id) {
        return Some(value.into());
    }
    let is_float = matches.try_get_many::<f64>(id).is_ok();
    let is_whole = matches.try_get_many::<u8>(id).is_ok()
        || matches.try_get_many::<u16>(id).is_ok()
        || matches.try_get_many::<u32>(id).is_ok()
        || matches.try_get_many::<u64>(id).is_ok();
    // Numbers are taken as written, so that single precision adds no digits.
    let value = |text: String| match (is_float, is_whole) {
        (true, _) => text.parse().map_or(Value::String(text), Value::Float),
        (_, true) => text.parse().map_or(Value::String(text), Value::Integer),
        _ => Value::String(text),
    };
    let mut values = matches.get_raw(id)?.map(|text| value(text.to_string_lossy().into_owned()));
    match option.get_action() {
        ArgAction::Append => Some(Value::Array(values.collect())),
        _ => values.next(),
    }
}

/// Inserts a value under a name such as `train.epochs`.
pub(super) fn insert(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => _ = table.insert(name.to_owned(), value),
        Some((outer, inner)) => {
            let entry = table.entry(outer).or_insert_with(|| Table::new().into());
            if let Value::Table(table) = entry {
                insert(table, inner, value);
            }
        }
    }
}

/// Parses `4`, or `1:2,10:4`, as a file of settings has it.
fn accumulation(text: &str) -> Result<Value, String> {
    let part = |part: &str| {
        let (epoch, steps) = part.split_once(':').unwrap_or(("1", part));
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("'{text}' is no number"));
        let entry = |key: &str, text| Ok::<_, String>((key.to_owned(), Value::from(number(text)?)));
        Ok(Value::Table(Table::from_iter([entry("epoch", epoch)?, entry("steps", steps)?])))
    };
    text.split(',').map(part).collect::<Result<Vec<_>, String>>().map(Value::Array)
}

/// Parses `0.9,0.999`, as a file of settings has it.
fn betas(text: &str) -> Result<Value, String> {
    let betas: Result<Vec<f64>, _> = text.split(',').map(|beta| beta.trim().parse()).collect();
    let two = betas.ok().filter(|betas| betas.len() == 2);
    two.map(Value::from)
        .ok_or_else(|| "give two numbers with a comma between them, as in 0.9,0.999".to_owned())
}

/// Device, threads and checkpoint interval of a run. They do not decide what it becomes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct MachineArgs {
    /// Device that runs the network: cpu, libtorch, cuda or cuda:N [default: cpu]
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,

    /// Number of threads; 0 for one per core [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: Option<u16>,

    /// Checkpoint interval in minutes; there is a checkpoint after every epoch as well
    #[arg(long, default_value_t = 5, value_name = "MINUTES")]
    save_every: u64,
}

impl MachineArgs {
    /// Overrides the device and the threads of settings.
    ///
    /// # Errors
    /// [`TrainError::Device`] if the device is not there.
    pub(crate) fn apply(&self, mut settings: RunSettings) -> Result<RunSettings, TrainError> {
        let train = &mut settings.train;
        train.device = self.device.unwrap_or(train.device);
        train.threads = self.threads.map_or(train.threads, usize::from);
        train.device.check()?;
        Ok(settings)
    }

    /// Intervals of checkpoints.
    pub(crate) fn saving(&self) -> SaveSchedule {
        SaveSchedule::default().with_every(Duration::from_secs(self.save_every.saturating_mul(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_gives_the_defaults() {
        let TrainConfig { epochs, batch, learning_rate, optimizer, schedule, .. } = TrainConfig::default();
        let defaults = [
            ("train.epochs", epochs.to_string()),
            ("train.batch", batch.to_string()),
            ("train.learning_rate", learning_rate.to_string()),
            ("train.optimizer.name", optimizer.name().to_owned()),
            ("train.schedule.name", schedule.name().to_owned()),
            ("train.optimizer.momentum", "0.9".to_owned()),
            ("train.distillation.temperature", "4.0".to_owned()),
            ("auto.epochs", "1".to_owned()),
            ("arch", RunSettings::default().arch),
            ("look", "lines".to_owned()),
        ];
        let options = options();
        for (id, default) in defaults {
            let option = options.iter().find(|option| option.get_id() == id).unwrap();
            let help = option.get_help().unwrap().to_string();
            assert!(help.contains(&format!("[default: {default}]")), "{id}: {help}");
        }
    }

    fn parsed(arguments: &[&str]) -> Table {
        let command = SettingsArgs::<true>::augment_args(Command::new("test").no_binary_name(true));
        SettingsArgs::<true>::from_arg_matches(&command.get_matches_from(arguments)).unwrap().0
    }

    #[test]
    fn options_say_what_a_file_says() {
        let arguments = "--data d --input-bits 2 --side 64 --epochs 3 --learning-rate 0.006 --nesterov --betas 0.5,0.25 \
                         --teacher a --teacher b --accumulate 1:2,10:4 --center --shortcuts false --seed 7";
        let file: Table = r#"
            data = "d"
            input_bits = "2"
            shortcuts = false
            side = 64
            teacher = ["a", "b"]
            [train]
            seed = 7
            epochs = 3
            learning_rate = 0.006
            center = true
            accumulate = [{ epoch = 1, steps = 2 }, { epoch = 10, steps = 4 }]
            optimizer = { nesterov = true, betas = [0.5, 0.25] }
        "#
        .parse()
        .unwrap();
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        assert_eq!(parsed(&arguments), file);
        assert_eq!(parsed(&[]), Table::new());
    }

    #[test]
    fn every_option_is_a_setting() {
        for option in options() {
            let id = option.get_id().as_str();
            let mut table: Table =
                "train.optimizer.name = \"sgd\"\ntrain.schedule.name = \"halving\"".parse().unwrap();
            insert(&mut table, id, Value::Table(Table::new()));
            let reason =
                table.try_into::<RunSettings>().map_or_else(|error| error.to_string(), |_| String::new());
            // A table is of the wrong type; a name that is not known would be told as such.
            let of_other_choice =
                ["warm_up_epochs", "betas", "epsilon"].iter().any(|name| id.ends_with(name));
            assert!(id == "preset" || of_other_choice || !reason.contains("unknown field"), "{id}: {reason}");
        }
    }
}
