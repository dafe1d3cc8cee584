use serde::{Deserialize, Serialize};

/// How the layers that keep real inputs are chosen, where the policy leaves that open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auto {
    /// Epochs of the network in full precision to measure with, where the run does not start from another.
    pub epochs: usize,
    /// How many there are to be; by what stands out where this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_real: Option<usize>,
}

impl Default for Auto {
    fn default() -> Self {
        Self { epochs: 1, keep_real: None }
    }
}
