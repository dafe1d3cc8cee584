//! A flat network, trained by gradients written out by hand.

use dabnet_binarize::{Scheme, split};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::product::{Product, dot};
use crate::error::XtaskError;

/// Constraint on the first layer's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    Real,
    /// Two values a neuron.
    Split(Scheme),
}

/// `Σ readoutⱼ exp(w̃ⱼ · x)`.
#[derive(Clone, Debug)]
pub(super) struct Network {
    inputs: usize,
    weights: Weights,
    latent: Vec<f64>,
    readout: Vec<f64>,
}

impl Network {
    pub(super) fn new(inputs: usize, neurons: usize, weights: Weights, rng: &mut impl Rng) -> Self {
        let latent = (0..inputs * neurons).map(|_| rng.random_range(-1.0..1.0)).collect();
        let readout = (0..neurons).map(|_| 0.1 * rng.sample::<f64, _>(StandardNormal)).collect();
        Self { inputs, weights, latent, readout }
    }

    /// The first layer as it runs, a neuron after the other.
    pub(super) fn effective(&self) -> Result<Vec<f64>, XtaskError> {
        let Weights::Split(scheme) = self.weights else { return Ok(self.latent.clone()) };
        let latent: Vec<f32> = self.latent.iter().map(|&weight| weight as f32).collect();
        let mut effective = Vec::with_capacity(latent.len());
        for neuron in latent.chunks(self.inputs) {
            let split = split(scheme, neuron)?;
            effective.extend(neuron.iter().map(|&weight| f64::from(split.value(weight))));
        }
        Ok(effective)
    }

    pub(super) fn relative_error(&self, test: &Product) -> Result<f64, XtaskError> {
        let effective = self.effective()?;
        Ok(test.relative_error(|x| {
            let neurons = effective.chunks(self.inputs).zip(&self.readout);
            neurons.map(|(weights, readout)| readout * dot(weights, x).exp()).sum()
        }))
    }

    /// The points of a step, each in all its reflections.
    pub(super) const POINTS: usize = 8;

    /// The rate at first; it falls to 0 as a cosine.
    pub(super) const RATE: f64 = 0.01;

    /// Fits the product by Adam, each step on fresh points. The gradient with respect to the
    /// effective weights is applied to the latent ones, which stay within `±1` if they are split.
    pub(super) fn train(&mut self, steps: usize, rng: &mut impl Rng) -> Result<(), XtaskError> {
        let mut optimizers = (Adam::new(self.latent.len()), Adam::new(self.readout.len()));
        for step in 0..steps {
            let batch = Product::reflected(self.inputs, Self::POINTS, rng);
            let (latent, readout) = self.gradients(&batch)?;
            let rate = Self::RATE * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos()) / 2.0;
            optimizers.0.step(&mut self.latent, &latent, rate);
            optimizers.1.step(&mut self.readout, &readout, rate);
            if self.weights != Weights::Real {
                self.latent.iter_mut().for_each(|weight| *weight = weight.clamp(-1.0, 1.0));
            }
        }
        Ok(())
    }

    /// Of the batch's mean squared error in units of the product's variance, `3⁻ⁿ`.
    fn gradients(&self, batch: &Product) -> Result<(Vec<f64>, Vec<f64>), XtaskError> {
        let effective = self.effective()?;
        let unit = 2.0 * 3f64.powi(self.inputs as i32) / batch.points.len() as f64;
        let mut gradients = (vec![0.0; self.latent.len()], vec![0.0; self.readout.len()]);
        for (x, target) in batch.points.iter().zip(&batch.targets) {
            let neurons: Vec<f64> = effective.chunks(self.inputs).map(|w| dot(w, x).exp()).collect();
            let error = unit * (dot(&neurons, &self.readout) - target);
            for (index, (neuron, readout)) in neurons.iter().zip(&self.readout).enumerate() {
                gradients.1[index] += error * neuron;
                let into = &mut gradients.0[index * self.inputs..][..self.inputs];
                into.iter_mut().zip(x).for_each(|(into, x)| *into += error * readout * neuron * x);
            }
        }
        Ok(gradients)
    }
}

/// Adam (Kingma and Ba, 2015) with its usual constants.
struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Adam {
    fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], steps: 0 }
    }

    fn step(&mut self, parameters: &mut [f64], gradients: &[f64], rate: f64) {
        self.steps += 1;
        let (keep_first, keep_second) = (0.9f64, 0.999f64);
        let scale = (1.0 - keep_second.powi(self.steps)).sqrt() / (1.0 - keep_first.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, gradient), (first, second)) in parameters.iter_mut().zip(gradients).zip(moments) {
            *first += (1.0 - keep_first) * (gradient - *first);
            *second += (1.0 - keep_second) * (gradient * gradient - *second);
            *parameter -= rate * scale * *first / (second.sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    #[test]
    fn gradients_are_quotients_of_differences() {
        let mut rng = Pcg64::seed_from_u64(5);
        let mut net = Network::new(3, 4, Weights::Real, &mut rng);
        let batch = Product::sample(3, 16, &mut rng);
        let loss = |net: &Network| {
            let norm: f64 = batch.targets.iter().map(|p| p * p).sum();
            net.relative_error(&batch).unwrap() * norm * 27.0 / 16.0
        };
        let (latent, readout) = net.gradients(&batch).unwrap();
        let step = 1e-6;
        let before = loss(&net);
        net.latent[7] += step;
        assert!(((loss(&net) - before) / step - latent[7]).abs() < 1e-4);
        net.latent[7] -= step;
        net.readout[2] += step;
        assert!(((loss(&net) - before) / step - readout[2]).abs() < 1e-4);
    }

    #[test]
    fn a_split_first_layer_has_two_values_a_neuron() {
        let mut rng = Pcg64::seed_from_u64(6);
        let mut net = Network::new(4, 5, Weights::Split(Scheme::Dab), &mut rng);
        net.train(50, &mut rng).unwrap();
        for neuron in net.effective().unwrap().chunks(4) {
            assert!(neuron.iter().all(|&w| w == neuron[0] || neuron.contains(&w)));
            let mut values = neuron.to_vec();
            values.sort_by(f64::total_cmp);
            values.dedup();
            assert!(values.len() <= 2);
        }
    }
}
