use serde::{Deserialize, Serialize};

/// From an epoch on, how many steps make one update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accumulation {
    /// First epoch, from 1.
    pub epoch: usize,
    /// Steps whose gradients are averaged before the parameters move.
    pub steps: usize,
}
