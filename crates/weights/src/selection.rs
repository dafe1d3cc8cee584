use glob::Pattern;

use crate::{Role, Tensor, WeightsError};

/// Which tensors to binarize.
///
/// Without patterns: the weights of all layers but the first and the last. Patterns are matched
/// with whole names; `*` stands for any characters, `?` for one, `[…]` for one of some.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Selection {
    /// If `include` is not empty, exactly the tensors that one of its patterns matches, whatever
    /// their role; never one that a pattern of `exclude` matches.
    ///
    /// # Errors
    /// [`WeightsError::Pattern`] for a pattern that cannot be read.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, WeightsError> {
        let parse = |patterns: &[String]| {
            let pattern = |text: &String| {
                Pattern::new(text).map_err(|error| WeightsError::Pattern {
                    pattern: text.clone(),
                    reason: format!("cannot be read: {error}"),
                })
            };
            patterns.iter().map(pattern).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { include: parse(include)?, exclude: parse(exclude)? })
    }

    /// For every tensor, why it is left alone; `None` where it is to be binarized.
    ///
    /// # Errors
    /// [`WeightsError::Pattern`] for a pattern that no tensor matches, or that asks for one that
    /// cannot be binarized.
    pub(crate) fn choose(&self, tensors: &[Tensor]) -> Result<Vec<Option<&'static str>>, WeightsError> {
        for pattern in self.include.iter().chain(&self.exclude) {
            if !tensors.iter().any(|tensor| pattern.matches(&tensor.name)) {
                let example = tensors.first().map_or("none", |tensor| &tensor.name);
                let reason = format!("matches no tensor; names look like '{example}'");
                return Err(WeightsError::Pattern { pattern: pattern.to_string(), reason });
            }
        }
        tensors.iter().map(|tensor| self.reason(tensor)).collect()
    }

    fn reason(&self, tensor: &Tensor) -> Result<Option<&'static str>, WeightsError> {
        let matches = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&tensor.name));
        if matches(&self.exclude) {
            return Ok(Some("excluded"));
        }
        if !self.include.is_empty() {
            return Ok(match (matches(&self.include), tensor.obstacle()) {
                (false, _) => Some("not included"),
                (true, obstacle) => obstacle,
            });
        }
        Ok(match tensor.role {
            Role::Inner => None,
            Role::First => Some("first layer"),
            Role::Last => Some("last layer"),
            Role::Other(reason) => Some(reason),
        })
    }
}
