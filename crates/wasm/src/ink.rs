use dabnet_sketch::Stroke;

/// Strokes from pairs of little-endian 32-bit floats, x before y; a pair whose x is NaN ends a stroke.
pub fn strokes(bytes: &[u8]) -> Vec<Stroke> {
    let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let points = numbers.as_chunks::<2>().0;
    let runs = points.split(|point| point[0].is_nan()).filter(|run| !run.is_empty());
    runs.map(|run| Stroke::new(run.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_end_where_x_is_no_number() {
        let numbers = [1.0, 2.0, 3.0, 4.0, f32::NAN, 0.0, f32::NAN, 0.0, 5.0, 6.0, 7.0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|number: &f32| number.to_le_bytes()).collect();
        let expected = [Stroke::new(vec![[1.0, 2.0], [3.0, 4.0]]), Stroke::new(vec![[5.0, 6.0]])];
        assert_eq!(strokes(&bytes), expected);
        assert!(strokes(&[]).is_empty());
    }
}
