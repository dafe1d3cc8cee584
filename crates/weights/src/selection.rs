use glob::Pattern;

use crate::{LayerRole, Tensor, WeightSource, WeightsError};

/// Selection of the tensors to binarize.
///
/// ```
/// let selection = dabnet_weights::TensorSelection::new(&["encoder.*".to_owned()], &["*.bias".to_owned()])?;
/// # Ok::<(), dabnet_weights::WeightsError>(())
/// ```
///
/// Without patterns: the weights of all layers but the first and the last. Patterns are matched
/// with whole names; `*` stands for any characters, `?` for one, `[…]` for one of some.
#[derive(Clone, Debug, Default)]
pub struct TensorSelection {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl TensorSelection {
    /// Creates a selection from patterns. If `include` is not empty, exactly the tensors that match one of
    /// its patterns are selected, regardless of their role; tensors that match `exclude` never are.
    ///
    /// # Errors
    /// [`WeightsError::Pattern`] for a pattern that cannot be read.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, WeightsError> {
        let parse = |patterns: &[String]| {
            let pattern = |text: &String| {
                // Names are no paths: two stars are one.
                let mut single = text.clone();
                while single.contains("**") {
                    single = single.replace("**", "*");
                }
                Pattern::new(&single).map_err(|error| WeightsError::Pattern {
                    pattern: text.clone(),
                    reason: format!("cannot be read: {error}"),
                })
            };
            patterns.iter().map(pattern).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { include: parse(include)?, exclude: parse(exclude)? })
    }

    /// Selected weights of layers, including those of the first and the last layer unless there is an
    /// `include` pattern.
    ///
    /// # Errors
    /// [`WeightsError::Pattern`] as for [`binarize`](crate::binarize()), and
    /// [`WeightsError::Nothing`] if there are none.
    pub fn layers<'a>(&self, source: &'a WeightSource) -> Result<Vec<&'a Tensor>, WeightsError> {
        let reasons = self.choose(&source.tensors)?;
        let chosen = |(tensor, reason): (&'a Tensor, &Option<_>)| {
            let end = matches!(tensor.role, LayerRole::First | LayerRole::Last);
            let left = self.include.is_empty() && !self.excludes(tensor);
            (reason.is_none() || end && left).then_some(tensor)
        };
        let layers: Vec<&Tensor> = source.tensors.iter().zip(&reasons).filter_map(chosen).collect();
        if layers.is_empty() {
            return Err(nothing(source, &reasons));
        }
        Ok(layers)
    }

    /// For each tensor, the reason for which it is not binarized; `None` if it is.
    ///
    /// # Errors
    /// [`WeightsError::Pattern`] for a pattern that no tensor matches.
    pub(crate) fn choose(&self, tensors: &[Tensor]) -> Result<Vec<Option<&'static str>>, WeightsError> {
        for pattern in self.include.iter().chain(&self.exclude) {
            if !tensors.iter().any(|tensor| pattern.matches(&tensor.name)) {
                let example = tensors.first().map_or("none", |tensor| &tensor.name);
                let reason = format!("matches no tensor; names look like '{example}'");
                return Err(WeightsError::Pattern { pattern: pattern.to_string(), reason });
            }
        }
        Ok(tensors.iter().map(|tensor| self.reason(tensor)).collect())
    }

    fn reason(&self, tensor: &Tensor) -> Option<&'static str> {
        if self.excludes(tensor) {
            return Some("excluded");
        }
        if !self.include.is_empty() {
            return match (matches(&self.include, tensor), tensor.obstacle()) {
                (false, _) => Some("not included"),
                (true, obstacle) => obstacle,
            };
        }
        match tensor.role {
            LayerRole::Inner => None,
            LayerRole::First => Some("first layer"),
            LayerRole::Last => Some("last layer"),
            LayerRole::Other(reason) => Some(reason),
        }
    }

    fn excludes(&self, tensor: &Tensor) -> bool {
        matches(&self.exclude, tensor)
    }
}

fn matches(patterns: &[Pattern], tensor: &Tensor) -> bool {
    patterns.iter().any(|pattern| pattern.matches(&tensor.name))
}

/// Error for an empty selection, with the most common reason, preferably one that is not the user's own
/// pattern, and the remedy.
pub(crate) fn nothing(source: &WeightSource, reasons: &[Option<&'static str>]) -> WeightsError {
    let given = |reason: &str| matches!(reason, "excluded" | "not included");
    let count = |reason: &str| reasons.iter().flatten().filter(|other| **other == reason).count();
    let reason = match reasons.iter().flatten().max_by_key(|reason| (!given(reason), count(reason))) {
        Some(reason) => {
            let advice = match *reason {
                "in a file that is not there" => "put it beside the model",
                "not whole in its file" => "the file was cut short: copy it again",
                "not F32, F16 or BF16" => "save it with weights of one of these",
                _ => "name tensors with --include",
            };
            format!("{} of {} are left alone ({reason}); {advice}", count(reason), reasons.len())
        }
        None => "it has no tensors".to_owned(),
    };
    WeightsError::Nothing { path: source.path.clone(), reason }
}
