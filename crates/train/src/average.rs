//! The moving average of parameters.

use rayon::prelude::*;

use crate::Parameters;

/// Values that a thread moves at a time, at least.
const AT_ONCE: usize = 1 << 14;

/// Moves `average` towards `parameters` after update number `update`, from 1: latent weights, scales,
/// shifts and running statistics alike.
pub(crate) fn follow(average: &mut Parameters, parameters: &Parameters, decay: f32, update: u32) {
    let keep = decay.min((1.0 + update as f32) / (10.0 + update as f32));
    for ((_, average), values) in average.iter_mut().zip(parameters.buffers()) {
        let pairs = average.par_iter_mut().zip(values).with_min_len(AT_ONCE);
        pairs.for_each(|(average, value)| *average += (1.0 - keep) * (value - *average));
    }
}

#[cfg(test)]
mod tests {
    use dabnet_graph::{Builder, Filters, Policy, Shape};

    use super::*;

    #[test]
    fn every_buffer_is_the_moving_average_of_its_values() {
        let mut net = Builder::new("one", &Policy::Full, Shape::new(1, 3, 3));
        net.full_layer("conv1", Filters::new(2, 3));
        let mut parameters = Parameters::new(&net.build().unwrap(), 0);
        let set = |parameters: &mut Parameters, value: f32| {
            parameters.iter_mut().for_each(|(_, values)| values.fill(value));
        };
        set(&mut parameters, 1.0);
        let mut average = parameters.clone();
        let mut expected = 1.0_f64;
        for update in 1..=100 {
            let value = (update % 7) as f32;
            set(&mut parameters, value);
            follow(&mut average, &parameters, 0.75, update);
            let keep = 0.75_f64.min((1.0 + f64::from(update)) / (10.0 + f64::from(update)));
            expected = keep * expected + (1.0 - keep) * f64::from(value);
        }
        assert_eq!(average.buffers().count(), 5);
        assert!(average.buffers().flatten().all(|value| (f64::from(*value) - expected).abs() < 1e-4));
    }
}
