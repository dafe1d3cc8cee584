//! Adam (Kingma & Ba, 2015), on the host because that is where the latent weights are.

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// First and second moments of every trainable buffer.
#[derive(Debug)]
pub(crate) struct Adam {
    moments: Vec<(Vec<f32>, Vec<f32>)>,
    step: i32,
}

impl Adam {
    pub(crate) fn new(lengths: impl Iterator<Item = usize>) -> Self {
        Self { moments: lengths.map(|len| (vec![0.0; len], vec![0.0; len])).collect(), step: 0 }
    }

    /// Moves `parameters` against `gradients`, buffer by buffer in the order given to `new`.
    pub(crate) fn step<'a>(
        &mut self,
        parameters: impl Iterator<Item = &'a mut Vec<f32>>,
        gradients: &[Vec<f32>],
        learning_rate: f32,
    ) {
        self.step += 1;
        let rate = learning_rate * (1.0 - BETA2.powi(self.step)).sqrt() / (1.0 - BETA1.powi(self.step));
        for ((values, gradient), (first, second)) in parameters.zip(gradients).zip(&mut self.moments) {
            for (((value, &g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                *value -= rate * *m / (v.sqrt() + EPSILON);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_bowl() {
        let mut point = vec![3.0f32, -2.0];
        let mut adam = Adam::new([2].into_iter());
        for _ in 0..2000 {
            let gradient = vec![2.0 * (point[0] - 1.0), 20.0 * (point[1] - 0.5)];
            adam.step([&mut point].into_iter(), &[gradient], 0.01);
        }
        assert!((point[0] - 1.0).abs() < 1e-2 && (point[1] - 0.5).abs() < 1e-2, "{point:?}");
    }
}
