/// From teal through near-white to brown (ColorBrewer's BrBG): those who see no red, no green or
/// no blue still tell its ends apart.
const STOPS: [[f32; 3]; 9] = [
    [1.0, 102.0, 94.0],
    [53.0, 151.0, 143.0],
    [128.0, 205.0, 193.0],
    [199.0, 234.0, 229.0],
    [245.0, 245.0, 245.0],
    [246.0, 232.0, 195.0],
    [223.0, 194.0, 125.0],
    [191.0, 129.0, 45.0],
    [140.0, 81.0, 10.0],
];

/// Colours between two stops: more would be hard to tell apart, and make pictures larger.
const STEPS: f32 = 6.0;

/// The colour of a value in `−1 ..= 1`; beyond lies the colour of the end.
pub(crate) fn diverging(value: f32) -> [u8; 3] {
    let place = (value.clamp(-1.0, 1.0) + 1.0) / 2.0 * (STOPS.len() - 1) as f32;
    let place = (place * STEPS).round() / STEPS;
    let stop = (place as usize).min(STOPS.len() - 2);
    let share = place - stop as f32;
    std::array::from_fn(|channel| {
        let (low, high) = (STOPS[stop][channel], STOPS[stop + 1][channel]);
        (low + share * (high - low)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::diverging;

    #[test]
    fn ends_and_middle_are_the_stops() {
        assert_eq!(diverging(-7.0), [1, 102, 94]);
        assert_eq!(diverging(0.0), [245, 245, 245]);
        assert_eq!(diverging(1.0), [140, 81, 10]);
        assert_eq!(diverging(0.125), [246, 239, 220]);
    }
}
