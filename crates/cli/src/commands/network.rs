use std::path::PathBuf;

use clap::{ArgGroup, Args};
use dabnet_graph::{ArchitectureOptions, Graph, WeightFormat, architectures};

use crate::error::CliError;

/// Options that name a network: a packed model, or an architecture.
#[derive(Debug, Args)]
#[group(id = "network")]
#[command(group(ArgGroup::new("subject").required(true).args(["model", "arch"])))]
pub(super) struct NetworkArgs {
    /// Packed model: its file, the folder that holds model.safetensors, or the name of one in the program
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,

    #[arg(long, value_name = "NAME", help = format!("Architecture in place of a model: {}", architectures::names()))]
    arch: Option<String>,

    /// Precision of its layers: full, wbin (binary weights), fbin (binary inputs, too) or
    /// hybrid:LAYER,... (fbin, but these layers wbin); the first and the last never are
    #[arg(long, default_value = "fbin", conflicts_with = "model")]
    policy: String,

    /// Activation at the end of layers with binary inputs: relu (none; layers with real inputs end with
    /// a ReLU) or rprelu
    #[arg(long, default_value = "relu", conflicts_with = "model")]
    activation: String,

    /// Add shortcut connections around convolutions with binary inputs, where shapes allow for them
    #[arg(long, conflicts_with = "model")]
    shortcuts: bool,

    /// Bits of the inputs of binary layers: 1, 2 or 4, with LAYER=BITS for layers that differ
    #[arg(long, default_value = "1", value_name = "BITS", conflicts_with = "model")]
    input_bits: String,

    /// Bits of a weight in the layers that stay in full precision beside binary ones, 8 or 32
    /// [default: 8, with --policy full 32]
    #[arg(long, value_name = "BITS", conflicts_with = "model", value_parser = end_bits)]
    end_bits: Option<WeightFormat>,

    /// Number of labels
    #[arg(long, default_value_t = 250, value_name = "N", conflicts_with = "model",
          value_parser = clap::value_parser!(u16).range(1..))]
    classes: u16,

    /// Side of its canvas in pixels [default: what the architecture was designed for]
    #[arg(long, value_name = "PIXELS", conflicts_with = "model")]
    side: Option<u16>,
}

/// The network that options name.
pub(super) enum GivenNetwork {
    Model(PathBuf),
    Architecture(Graph),
}

impl NetworkArgs {
    /// The packed model or the graph that the options name.
    pub(super) fn given(&self) -> Result<GivenNetwork, CliError> {
        match (&self.model, &self.arch) {
            (Some(model), _) => Ok(GivenNetwork::Model(model.clone())),
            (None, Some(arch)) => {
                let architecture = architectures::find(arch)?;
                let side = self.side.map_or(architecture.side, usize::from);
                let options = ArchitectureOptions::default()
                    .with_activation(self.activation.parse()?)
                    .with_shortcuts(self.shortcuts)
                    .with_input_bits(self.input_bits.parse()?)
                    .with_ends(self.end_bits);
                let (classes, policy) = (self.classes.into(), self.policy.parse()?);
                options.check(&policy)?;
                Ok(GivenNetwork::Architecture(architecture.graph_with(side, classes, &policy, options)?))
            }
            (None, None) => Err(CliError::Input("give --arch or --model".into())),
        }
    }

    /// Side of the canvas, if it was given.
    pub(super) fn side(&self) -> Option<usize> {
        self.side.map(usize::from)
    }

    /// Name of the network for people.
    pub(super) fn name(&self) -> String {
        match (&self.model, &self.arch) {
            (Some(path), _) => path.display().to_string(),
            (None, arch) => {
                let activation = if self.activation == "relu" { "" } else { " rprelu" };
                let shortcuts = if self.shortcuts { " shortcuts" } else { "" };
                let bits = if self.input_bits == "1" {
                    String::new()
                } else {
                    format!(" {} input bits", self.input_bits)
                };
                let ends = match self.end_bits {
                    Some(WeightFormat::I8) => " 8-bit ends",
                    Some(WeightFormat::F32) => " 32-bit ends",
                    None => "",
                };
                let arch = arch.as_deref().unwrap_or_default();
                format!("{arch} {}{activation}{shortcuts}{bits}{ends}", self.policy)
            }
        }
    }
}

/// Parses the bits of a weight.
pub(crate) fn end_bits(text: &str) -> Result<WeightFormat, String> {
    let format = text.parse().ok().and_then(WeightFormat::of_bits);
    format.ok_or_else(|| "give 8 or 32".to_owned())
}
