use rand::Rng;

/// What a trainer learns from.
pub trait Examples: Sync {
    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Label of example `index`.
    fn label(&self, index: usize) -> usize;

    /// What the network sees of example `index`, augmented with `rng`: as many values as the
    /// graph's input has elements.
    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Vec<f32>;
}
