/// Layout of a filter's weights in a picture: one tile of `height × width` per input channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TileLayout {
    pub count: usize,
    pub height: usize,
    pub width: usize,
}

impl TileLayout {
    /// Layout of a filter of this shape. The weights of a filter without spatial extent (of a matrix, or
    /// `1 × 1`) fill one rectangle, row by row.
    pub(crate) fn new(filter: &[usize]) -> Self {
        match *filter {
            [.., 1, 1] | [_, 1] => Self::rectangle(filter.iter().product()),
            [ref channels @ .., height, width] if !channels.is_empty() => {
                Self { count: channels.iter().product(), height, width }
            }
            [channels, width] => Self { count: channels, height: 1, width },
            _ => Self::rectangle(filter.iter().product()),
        }
    }

    /// A rectangle of `n` weights, about twice as wide as high.
    fn rectangle(n: usize) -> Self {
        let width = ((2 * n) as f64).sqrt().round().max(1.0) as usize;
        Self { count: 1, height: n.div_ceil(width), width }
    }

    /// Number of weights in one tile.
    pub(crate) fn len(self) -> usize {
        self.height * self.width
    }

    /// Number of tiles in a row, so that a picture of all is about twice as wide as high; three tiles, the
    /// channels of a color picture, are one row.
    pub(crate) fn columns(self) -> usize {
        if self.count == 3 {
            return 3;
        }
        let columns = (2 * self.count * self.height) as f64 / self.width as f64;
        (columns.sqrt().round() as usize).clamp(1, self.count.max(1))
    }

    /// The first tiles, or the first rows of a single one, that have at most `most` weights in all; at
    /// least one.
    pub(crate) fn at_most(self, most: usize) -> Self {
        if self.count > 1 {
            Self { count: self.count.min((most / self.len()).max(1)), ..self }
        } else {
            Self { height: self.height.min((most / self.width).max(1)), ..self }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TileLayout;

    fn tiles(filter: &[usize]) -> (usize, usize, usize) {
        let TileLayout { count, height, width } = TileLayout::new(filter);
        (count, height, width)
    }

    #[test]
    fn dimensions_become_tiles() {
        assert_eq!(tiles(&[32, 3, 5]), (32, 3, 5));
        assert_eq!(tiles(&[4, 2, 3, 3]), (8, 3, 3));
        assert_eq!(tiles(&[16, 7]), (16, 1, 7));
        assert_eq!(tiles(&[384]), (1, 14, 28));
        assert_eq!(tiles(&[384, 1, 1]), (1, 14, 28));
        assert_eq!(tiles(&[1]), (1, 1, 1));
    }

    #[test]
    fn tiles_lie_two_to_one() {
        let columns = [1, 2, 3, 32, 64].map(|count| TileLayout { count, height: 3, width: 3 }.columns());
        assert_eq!(columns, [1, 2, 3, 8, 11]);
        assert_eq!(TileLayout { count: 64, height: 1, width: 7 }.columns(), 4);
    }

    #[test]
    fn a_part_is_whole_tiles_or_rows() {
        assert_eq!(TileLayout::new(&[512, 7, 7]).at_most(1000).count, 20);
        assert_eq!(TileLayout::new(&[2, 99, 99]).at_most(1000).count, 1);
        assert_eq!(TileLayout::new(&[20_000]).at_most(1000), TileLayout { count: 1, height: 5, width: 200 });
    }
}
