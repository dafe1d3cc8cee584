//! What flows between the nodes of an ONNX graph: an activation of the network, seen as a tensor whose
//! dimensions are channels, rows and columns in some order, apart or merged.

use dabnet_graph::{NodeId, Shape};

/// A dimension of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Channel,
    Row,
    Column,
}

/// An activation as a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flow {
    /// The node that gives it.
    pub node: NodeId,
    /// As the file has it: a picture in three equal channels is one channel of the node.
    pub shape: Shape,
    /// The axes that each dimension goes through, the first outermost; the batch, and axes of one element, are
    /// left out. Row-major, so merging neighbours moves nothing.
    pub dims: Vec<Vec<Axis>>,
    /// The node that makes probabilities of it, which only an end of the network can be left without.
    pub softmax: Option<String>,
}

impl Flow {
    /// An activation of a node as channels, rows and columns.
    pub fn image(node: NodeId, shape: Shape) -> Self {
        let order = [Axis::Channel, Axis::Row, Axis::Column];
        Self::ordered(node, shape, &order.map(|axis| vec![axis]))
    }

    /// One whose dimensions are these axes.
    pub fn ordered(node: NodeId, shape: Shape, dims: &[Vec<Axis>]) -> Self {
        let long = |axes: &Vec<Axis>| axes.iter().copied().filter(|&axis| extent(shape, axis) > 1).collect();
        Self { node, shape, dims: dims.iter().map(long).collect(), softmax: None }
    }

    pub fn is_image(&self) -> bool {
        self.dims == Self::image(self.node, self.shape).dims
    }

    /// Extents of the dimensions, without the batch.
    pub fn extents(&self) -> Vec<usize> {
        self.dims.iter().map(|axes| self.product(axes)).collect()
    }

    pub fn product(&self, axes: &[Axis]) -> usize {
        axes.iter().map(|&axis| extent(self.shape, axis)).product()
    }

    /// Its axes from the outermost to the innermost.
    pub fn order(&self) -> Vec<Axis> {
        self.dims.concat()
    }

    /// Whether a dimension is channels and nothing else.
    pub fn is_channels(&self, dim: usize) -> bool {
        self.dims[dim] == [Axis::Channel] || (self.shape.channels == 1 && self.dims[dim].is_empty())
    }

    /// The same numbers in dimensions of other extents; `None` if an axis would have to be cut.
    pub fn reshaped(&self, extents: &[usize]) -> Option<Self> {
        let order = self.order();
        let mut rest = &order[..];
        let mut dims = Vec::new();
        for &wanted in extents {
            let mut len = 0;
            while self.product(&rest[..len]) < wanted && len < rest.len() {
                len += 1;
            }
            if self.product(&rest[..len]) != wanted {
                return None;
            }
            dims.push(rest[..len].to_vec());
            rest = &rest[len..];
        }
        rest.is_empty().then(|| Self { dims, ..self.clone() })
    }

    /// What node `node` gives for it, value by value.
    pub fn through(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    /// Where in the flattened tensor channel, row and column lie: how far apart neighbours are.
    pub fn strides(&self) -> [usize; 3] {
        let mut strides = [0; 3];
        let mut stride = 1;
        for &axis in self.order().iter().rev() {
            strides[axis as usize] = stride;
            stride *= extent(self.shape, axis);
        }
        strides
    }
}

fn extent(shape: Shape, axis: Axis) -> usize {
    match axis {
        Axis::Channel => shape.channels,
        Axis::Row => shape.height,
        Axis::Column => shape.width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_merge_and_part_where_axes_meet() {
        let image = Flow::image(1, Shape::new(4, 3, 5));
        assert!(image.is_image());
        let flat = image.reshaped(&[60]).unwrap();
        assert_eq!((flat.extents(), flat.strides()), (vec![60], [15, 5, 1]));
        assert_eq!(flat.reshaped(&[4, 15]).unwrap().extents(), [4, 15]);
        assert_eq!(flat.reshaped(&[4, 1, 3, 5]).unwrap().extents(), [4, 1, 3, 5]);
        assert_eq!(flat.reshaped(&[2, 30]), None);
        assert_eq!(flat.reshaped(&[4, 3]), None);
        assert_eq!(flat.reshaped(&[4, 3, 5]).unwrap(), image);
    }

    #[test]
    fn axes_of_one_element_are_in_no_dimension() {
        let pixel = Flow::image(1, Shape::new(4, 1, 1));
        assert_eq!(pixel.dims, [vec![Axis::Channel], vec![], vec![]]);
        assert_eq!(pixel.reshaped(&[4]).unwrap().dims, [[Axis::Channel]]);
        let last = [vec![Axis::Row], vec![Axis::Column], vec![Axis::Channel]];
        let canvas = Flow::ordered(0, Shape::new(1, 8, 8), &last);
        assert!(canvas.reshaped(&[1, 8, 8]).unwrap().is_image());
        assert!(canvas.is_channels(2) && !canvas.is_channels(0));
    }
}
