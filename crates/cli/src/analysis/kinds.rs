use dabnet_binarize::{DistributionShape, FilterStatistics, Scheme};

/// How many filters have each shape, and what two values miss of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds([Kind; DistributionShape::ALL.len()]);

/// The filters of one shape.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    pub count: usize,
    /// Sums of their relative errors, in the order of [`Scheme::ALL`].
    errors: [f64; Scheme::ALL.len()],
}

impl Kinds {
    pub(super) fn of<'a>(filters: impl IntoIterator<Item = &'a FilterStatistics>) -> Self {
        let mut kinds = Self::default();
        for filter in filters {
            let kind = kinds.kind_mut(filter.moments.shape());
            kind.count += 1;
            for (sum, scheme) in kind.errors.iter_mut().zip(Scheme::ALL) {
                *sum += filter.fit(scheme).relative_error;
            }
        }
        kinds
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (kind, other) in self.0.iter_mut().zip(&other.0) {
            kind.count += other.count;
            kind.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
        }
    }

    /// The shapes that there are.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DistributionShape, &Kind)> {
        DistributionShape::ALL.into_iter().zip(&self.0).filter(|(_, kind)| kind.count > 0)
    }

    fn kind_mut(&mut self, shape: DistributionShape) -> &mut Kind {
        let index = DistributionShape::ALL.iter().position(|&other| other == shape).unwrap_or(0);
        &mut self.0[index]
    }
}

impl Kind {
    /// Mean relative error.
    pub(super) fn error(&self, scheme: Scheme) -> f64 {
        self.errors[scheme as usize] / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_counted_by_shape() {
        let filters: [&[f32]; 3] = [&[1.0, 1.0], &[1.0, -1.0, 1.0, -1.0], &[2.0, 0.0, 2.0, 0.0]];
        let statistics = filters.map(|filter| FilterStatistics::of(filter).unwrap());
        let mut kinds = Kinds::of(&statistics);
        kinds.add(&Kinds::of(&statistics));
        let counts: Vec<(DistributionShape, usize)> =
            kinds.iter().map(|(shape, kind)| (shape, kind.count)).collect();
        assert_eq!(counts, [(DistributionShape::TwoHumped, 4), (DistributionShape::Constant, 2)]);
        let (_, humped) = kinds.iter().next().unwrap();
        assert_eq!((humped.error(Scheme::Dab), humped.error(Scheme::Sign)), (0.0, 0.25));
    }
}
