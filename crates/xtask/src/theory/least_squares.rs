use super::product::dot;

/// The share of `‖target‖²` that no combination of the columns reaches.
pub(super) fn residual(columns: &[Vec<f64>], target: &[f64]) -> f64 {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let before = dot(column, column);
        let mut rest = column.clone();
        // Once more, since columns may nearly be combinations of each other.
        (0..2).for_each(|_| remove(&basis, &mut rest));
        let after = dot(&rest, &rest);
        if after > 1e-24 * before {
            rest.iter_mut().for_each(|x| *x /= after.sqrt());
            basis.push(rest);
        }
    }
    let mut rest = target.to_vec();
    (0..2).for_each(|_| remove(&basis, &mut rest));
    dot(&rest, &rest) / dot(target, target)
}

fn remove(basis: &[Vec<f64>], from: &mut [f64]) {
    for direction in basis {
        let along = dot(direction, from);
        from.iter_mut().zip(direction).for_each(|(x, d)| *x -= along * d);
    }
}

#[cfg(test)]
mod tests {
    use super::residual;

    #[test]
    fn what_is_out_of_reach_is_left() {
        let columns = [vec![1.0, 0.0, 0.0], vec![1.0, 1e-7, 0.0], vec![2.0, 0.0, 0.0]];
        assert!((residual(&columns, &[5.0, 3.0, 4.0]) - 16.0 / 50.0).abs() < 1e-9);
    }
}
