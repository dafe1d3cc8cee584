use derive_setters::Setters;
use serde::{Deserialize, Serialize};

/// Weight and temperature of knowledge distillation.
///
/// The loss is `(1 − w) · CE + w · T² · KL(teacher ‖ student)`, the divergence being that of both
/// distributions at temperature `T` (Hinton, Vinyals & Dean, 2015). Of several teachers it is the mean
/// of their distributions at that temperature. For examples without a label, `w` is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Setters)]
#[serde(default, deny_unknown_fields)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct Distillation {
    /// `w`: 0 for labels alone, 1 for the teachers alone.
    pub weight: f32,
    /// `T`: the higher, the more the teachers' second thoughts count.
    pub temperature: f32,
    /// Correct teachers by the label, if there is one: their answers for the label and for their first choice
    /// are swapped (Wen, Lai & Qian, *Preparing Lessons*, 2019).
    pub corrected: bool,
}

impl Default for Distillation {
    fn default() -> Self {
        Self { weight: 0.5, temperature: 4.0, corrected: false }
    }
}
