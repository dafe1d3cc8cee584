/// Share of the steps over which the learning rate rises.
const WARM_UP: f32 = 0.15;
/// Where it starts, as a fraction of the peak.
const START: f32 = 0.1;

/// Learning rate as a fraction of its peak at `step` of `steps`: a linear rise, then half a
/// cosine down to zero.
pub(crate) fn one_cycle(step: usize, steps: usize) -> f32 {
    let progress = (step as f32 + 0.5) / steps as f32;
    if progress < WARM_UP {
        START + (1.0 - START) * progress / WARM_UP
    } else {
        let fall = (progress - WARM_UP) / (1.0 - WARM_UP);
        0.5 * (1.0 + (std::f32::consts::PI * fall).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::one_cycle;

    #[test]
    fn rises_then_falls_to_nothing() {
        let rates: Vec<f32> = (0..100).map(|step| one_cycle(step, 100)).collect();
        let peak = rates.iter().copied().fold(0.0, f32::max);
        assert!(rates[0] < 0.2 && peak > 0.99 && rates[99] < 0.001, "{rates:?}");
    }
}
