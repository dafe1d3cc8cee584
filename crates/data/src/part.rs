use std::fmt;

use serde::{Deserialize, Serialize};

/// What an example is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose by: recipes, sizes, when to stop.
    Validation,
    /// To report on, and nothing else.
    Test,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part that a folder or a file is named for: `train`, `t10k-images`, `test_batch`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        name.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
            Some(match word.to_ascii_lowercase().as_str() {
                "train" | "training" => Self::Train,
                "val" | "valid" | "validation" | "dev" => Self::Validation,
                "test" | "testing" | "t10k" => Self::Test,
                _ => return None,
            })
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
