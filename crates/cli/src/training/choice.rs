use clap::Args;
use toml::{Table, Value};

/// Which network a run trains, and from which seed: that of which `dabnet compare` takes several.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Choice {
    /// Architecture: sketch-a-net, sketch-a-net-64, dabnet-xs, dabnet-s, dabnet-m, dabnet-l, resnet-18, googlenet,
    /// squeezenet, alexnet, nin, vgg-16, vgg-small, densenet-121 or mobilenet [default: sketch-a-net-64]
    #[arg(long, value_name = "NAME", help_heading = "What to train")]
    pub arch: Option<String>,

    /// Which of its layers are binary: full, wbin, fbin, hybrid:LAYER,... (fbin, but these
    /// layers wbin) or hybrid:auto, which measures where that pays [default: fbin]
    #[arg(long, value_name = "POLICY", help_heading = "What to train")]
    pub policy: Option<String>,

    /// How filters become two values: dab, sign, mean or dab-published [default: dab]
    #[arg(long, value_name = "SCHEME", help_heading = "What to train")]
    pub scheme: Option<String>,

    /// Seed of everything random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64), help_heading = "How to train")]
    pub seed: Option<u64>,
}

impl Choice {
    /// What was given, put over `table`, as a file of settings would say it.
    pub(crate) fn over(&self, mut table: Table) -> Table {
        let network = [("arch", &self.arch), ("policy", &self.policy)];
        table.extend(network.into_iter().filter_map(|(key, text)| Some((key.to_owned(), given(text)?))));
        let seed = self.seed.map(|seed| Value::from(seed as i64));
        let training = [("scheme", given(&self.scheme)), ("seed", seed)];
        for (key, value) in training {
            if let Some(value) = value
                && let Value::Table(train) = table.entry("train").or_insert_with(|| Table::new().into())
            {
                train.insert(key.to_owned(), value);
            }
        }
        table
    }
}

fn given(text: &Option<String>) -> Option<Value> {
    text.clone().map(Value::from)
}
