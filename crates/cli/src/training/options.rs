use std::path::PathBuf;

use clap::Args;
use toml::{Table, Value};

use super::{NamedLook, Paths};

/// What a run can be told on the command line beside its [`Choice`](super::Choice) of network; both together are
/// everything that `--config` can say.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TrainingOptions {
    /// A data set, or anything that can be imported
    #[arg(long, value_name = "DATA", help_heading = "What to train")]
    data: Option<PathBuf>,

    /// Epochs of the network in full precision that --policy hybrid:auto measures with, where there is no
    /// --start-from [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "What to train")]
    auto_epochs: Option<u32>,

    /// How many layers keep real inputs, with --policy hybrid:auto [default: those that stand out]
    #[arg(long, value_name = "N", help_heading = "What to train")]
    keep_real: Option<u16>,

    /// What layers with binary inputs end with: relu (nothing) or rprelu
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    activation: Option<String>,

    /// Add what a convolution with binary inputs begins with to what it gives, where shapes allow for that
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "What to train")]
    shortcuts: Option<bool>,

    /// Bits of what layers with binary inputs read: 1 (signs), 2 or 4 (levels a learned step apart), with
    /// LAYER=BITS for layers that differ, as in 1,conv2=4 [default: 1]
    #[arg(long, value_name = "BITS", help_heading = "What to train")]
    input_bits: Option<String>,

    /// Bits of a weight in the layers that stay in full precision beside binary ones, 8 or 32
    /// [default: 8, with --policy full 32]
    #[arg(long, value_name = "BITS", help_heading = "What to train")]
    end_bits: Option<u8>,

    /// Side of the canvas in pixels [default: what the architecture was designed for]
    #[arg(long, value_name = "PIXELS", help_heading = "What to train")]
    side: Option<u16>,

    /// How sketches become what the network sees [default: lines]
    #[arg(long, value_name = "LOOK", help_heading = "What to train")]
    look: Option<NamedLook>,

    /// What of lines the network sees beside the ink, a channel each, with --look lines: ink (nothing), order (the
    /// thirds of the drawing's length) or direction (four of them) [default: ink]
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    channels: Option<String>,

    /// Width of a line, as a fraction of the side [default: 2.56 pixels]
    #[arg(long, value_name = "SHARE", help_heading = "What to train")]
    line_width: Option<f64>,

    /// How sketches are varied: none, light, strong, or one change by its name [default: light]
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    augment: Option<String>,

    /// Settings to begin with: paper, those published with the paper
    #[arg(long, value_name = "NAME", help_heading = "How to train")]
    preset: Option<String>,

    /// Passes over the training sketches [default: 13, more of few sketches]
    #[arg(long, value_name = "N", help_heading = "How to train")]
    epochs: Option<u32>,

    /// Sketches a step [default: 64, fewer of few sketches]
    #[arg(long, value_name = "N", help_heading = "How to train")]
    batch: Option<u32>,

    /// Steps whose gradients make one update: N, or EPOCH:N with commas between them
    #[arg(long, value_name = "STEPS", value_parser = accumulation, help_heading = "How to train")]
    accumulate: Option<Value>,

    /// Optimiser: adam, adamw or sgd [default: adam]
    #[arg(long, value_name = "NAME", help_heading = "How to train")]
    optimizer: Option<String>,

    /// Peak of the learning rate [default: 0.006, less in long runs and with --start-from]
    #[arg(long, value_name = "RATE", help_heading = "How to train")]
    learning_rate: Option<f64>,

    /// How the learning rate moves: one-cycle, cosine, halving or constant [default: one-cycle]
    #[arg(long, value_name = "NAME", help_heading = "How to train")]
    schedule: Option<String>,

    /// Epochs over which the learning rate rises, with --schedule cosine
    #[arg(long, value_name = "EPOCHS", help_heading = "How to train")]
    warm_up: Option<f64>,

    /// The least learning rate, with --schedule cosine or halving
    #[arg(long, value_name = "RATE", help_heading = "How to train")]
    floor: Option<f64>,

    /// Epochs from one halving to the next, with --schedule halving
    #[arg(long, value_name = "EPOCHS", help_heading = "How to train")]
    halve_every: Option<u32>,

    /// Share of the last step that the next keeps, with --optimizer sgd
    #[arg(long, value_name = "SHARE", help_heading = "How to train")]
    momentum: Option<f64>,

    /// Look one step ahead, with --optimizer sgd
    #[arg(long, help_heading = "How to train")]
    nesterov: bool,

    /// Decays of the moments, with --optimizer adam or adamw: two numbers with a comma between them
    #[arg(long, value_name = "B1,B2", value_delimiter = ',', num_args = 1..=2, help_heading = "How to train")]
    betas: Vec<f64>,

    /// Added to the root of the second moment, with --optimizer adam or adamw
    #[arg(long, value_name = "NUMBER", help_heading = "How to train")]
    epsilon: Option<f64>,

    /// Pull of weights to zero
    #[arg(long, value_name = "SHARE", help_heading = "How to train")]
    weight_decay: Option<f64>,

    /// Let weight decay pull at binary layers as well
    #[arg(long, help_heading = "How to train")]
    decay_binary_weights: bool,

    /// Take the mean over input channels out of every latent filter, as published: true or false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "How to train")]
    center: Option<bool>,

    /// How gradients reach latent weights: identity or published
    #[arg(long, value_name = "NAME", help_heading = "How to train")]
    weight_gradient: Option<String>,

    /// Share of the target that all labels get alike
    #[arg(long, value_name = "SHARE", help_heading = "How to train")]
    label_smoothing: Option<f64>,

    /// Keep a moving average of the weights, of this decay, and use that
    #[arg(long, value_name = "DECAY", help_heading = "How to train")]
    ema: Option<f64>,

    /// Multiply in bfloat16: faster where the processor has instructions for it (AMX, AVX-512 BF16)
    #[arg(long, help_heading = "How to train")]
    mixed_precision: bool,

    /// First epochs in which binary layers keep real weights, their inputs being binary already
    #[arg(long, value_name = "EPOCHS", help_heading = "How to train")]
    real_weight_epochs: Option<u32>,

    /// Start with the weights of another network: a run, or a model's file, folder or name. A model in full
    /// precision that is of none of the architectures is what is trained, too, where no --arch is given
    #[arg(long, value_name = "NETWORK", help_heading = "How to train")]
    start_from: Option<PathBuf>,

    /// Learn from what another network answers, too: a run, or a model's file, folder or name, of any look, side
    /// and precision, that knows all labels of the data. Several are asked together
    #[arg(long, value_name = "NETWORK", help_heading = "How to train")]
    teacher: Vec<PathBuf>,

    /// How much the teachers count, from 0 to 1
    #[arg(long, value_name = "SHARE", help_heading = "How to train")]
    teacher_weight: Option<f64>,

    /// Sketches without labels, or of other labels, that only the teachers say something of, mixed in; of a split
    /// data set those to train on. May be given several times
    #[arg(long, value_name = "DATA", help_heading = "How to train")]
    unlabeled: Vec<PathBuf>,

    /// How much the teachers' second thoughts count
    #[arg(long, value_name = "NUMBER", help_heading = "How to train")]
    temperature: Option<f64>,

    /// Where teachers put another label first than the right one, let both change places
    #[arg(long, help_heading = "How to train")]
    correct_teachers: bool,
}

impl TrainingOptions {
    /// What was given, as a file of settings would say it.
    pub(crate) fn table(&self) -> Table {
        let optimizer = table([
            ("name", text(&self.optimizer)),
            ("momentum", self.momentum.map(Value::from)),
            ("nesterov", self.nesterov.then(|| true.into())),
            ("betas", (!self.betas.is_empty()).then(|| self.betas.clone().into())),
            ("epsilon", self.epsilon.map(Value::from)),
        ]);
        let schedule = table([
            ("name", text(&self.schedule)),
            ("warm_up_epochs", self.warm_up.map(Value::from)),
            ("floor", self.floor.map(Value::from)),
            ("every_epochs", self.halve_every.map(Value::from)),
        ]);
        let distillation = table([
            ("weight", self.teacher_weight.map(Value::from)),
            ("temperature", self.temperature.map(Value::from)),
            ("corrected", self.correct_teachers.then(|| Value::from(true))),
        ]);
        let train = table([
            ("epochs", self.epochs.map(Value::from)),
            ("batch", self.batch.map(Value::from)),
            ("accumulate", self.accumulate.clone()),
            ("optimizer", filled(optimizer)),
            ("learning_rate", self.learning_rate.map(Value::from)),
            ("schedule", filled(schedule)),
            ("weight_decay", self.weight_decay.map(Value::from)),
            ("decay_binary_weights", self.decay_binary_weights.then(|| true.into())),
            ("center", self.center.map(Value::from)),
            ("weight_gradient", text(&self.weight_gradient)),
            ("label_smoothing", self.label_smoothing.map(Value::from)),
            ("ema", self.ema.map(Value::from)),
            ("mixed_precision", self.mixed_precision.then(|| true.into())),
            ("real_weight_epochs", self.real_weight_epochs.map(Value::from)),
            ("distillation", filled(distillation)),
        ]);
        let auto = table([
            ("epochs", self.auto_epochs.map(Value::from)),
            ("keep_real", self.keep_real.map(|count| Value::from(u32::from(count)))),
        ]);
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| Value::from(path.display().to_string()));
        table([
            ("preset", text(&self.preset)),
            ("data", path(&self.data)),
            ("activation", text(&self.activation)),
            ("shortcuts", self.shortcuts.map(Value::from)),
            ("input_bits", text(&self.input_bits)),
            ("end_bits", self.end_bits.map(|bits| Value::from(u32::from(bits)))),
            ("side", self.side.map(|side| Value::from(u32::from(side)))),
            ("look", self.look.and_then(|look| Value::try_from(look).ok())),
            ("channels", text(&self.channels)),
            ("line_width", self.line_width.map(Value::from)),
            ("augment", text(&self.augment)),
            ("start_from", path(&self.start_from)),
            ("teacher", Paths::value(&self.teacher)),
            ("unlabeled", Paths::value(&self.unlabeled)),
            ("auto", filled(auto)),
            ("train", filled(train)),
        ])
    }
}

fn table<const N: usize>(entries: [(&str, Option<Value>); N]) -> Table {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn filled(table: Table) -> Option<Value> {
    (!table.is_empty()).then_some(Value::Table(table))
}

fn text(text: &Option<String>) -> Option<Value> {
    text.clone().map(Value::from)
}

/// `4`, or `1:2,10:4`, as a configuration writes it.
fn accumulation(text: &str) -> Result<Value, String> {
    let part = |part: &str| {
        let (epoch, steps) = part.split_once(':').unwrap_or(("1", part));
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("'{text}' is no number"));
        let [epoch, steps] = [number(epoch)?, number(steps)?];
        Ok(Value::Table(table([("epoch", Some(epoch.into())), ("steps", Some(steps.into()))])))
    };
    text.split(',').map(part).collect::<Result<Vec<_>, String>>().map(Value::Array)
}

#[cfg(test)]
mod tests {
    use dabnet_train::TrainConfig;

    use super::*;

    #[test]
    fn help_gives_the_defaults() {
        let command = TrainingOptions::augment_args(clap::Command::new("test"));
        let TrainConfig { epochs, batch, learning_rate, optimizer, schedule, .. } = TrainConfig::default();
        let defaults = [
            ("epochs", epochs.to_string()),
            ("batch", batch.to_string()),
            ("learning_rate", learning_rate.to_string()),
            ("optimizer", optimizer.name().to_owned()),
            ("schedule", schedule.name().to_owned()),
        ];
        // The first three follow from the number of sketches (`length.rs`).
        for (id, default) in defaults {
            let argument = command.get_arguments().find(|argument| argument.get_id() == id).unwrap();
            let help = argument.get_help().unwrap().to_string();
            assert!(help.contains(&format!("[default: {default}")), "{id}: {help}");
        }
    }
}
