//! Activations between nodes of an ONNX graph: activations of the new network, viewed as tensors whose
//! dimensions are channels, rows and columns in some order, apart or merged.

use dabnet_graph::{NodeId, Shape};

/// An axis of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivationAxis {
    Channel,
    Row,
    Column,
}

/// An activation as a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActivationView {
    /// The node that gives it.
    pub node: NodeId,
    /// Shape in the file: an image of three equal channels is one channel of the node.
    pub shape: Shape,
    /// Axes merged into each dimension, the first outermost, without the batch and axes of one element. Order
    /// is row-major, so that merging neighbors moves nothing.
    pub dims: Vec<Vec<ActivationAxis>>,
    /// Name of the softmax applied to it, which only an output of the network can omit.
    pub softmax: Option<String>,
}

impl ActivationView {
    /// Activation of a node with dimensions channels, rows and columns.
    pub(crate) fn image(node: NodeId, shape: Shape) -> Self {
        let order = [ActivationAxis::Channel, ActivationAxis::Row, ActivationAxis::Column];
        Self::ordered(node, shape, &order.map(|axis| vec![axis]))
    }

    /// One whose dimensions are these axes.
    pub(crate) fn ordered(node: NodeId, shape: Shape, dims: &[Vec<ActivationAxis>]) -> Self {
        let long = |axes: &Vec<ActivationAxis>| {
            axes.iter().copied().filter(|&axis| extent(shape, axis) > 1).collect()
        };
        Self { node, shape, dims: dims.iter().map(long).collect(), softmax: None }
    }

    pub(crate) fn is_image(&self) -> bool {
        self.dims == Self::image(self.node, self.shape).dims
    }

    /// Extents of the dimensions, without the batch.
    pub(crate) fn extents(&self) -> Vec<usize> {
        self.dims.iter().map(|axes| self.product(axes)).collect()
    }

    pub(crate) fn product(&self, axes: &[ActivationAxis]) -> usize {
        axes.iter().map(|&axis| extent(self.shape, axis)).product()
    }

    /// Axes from the outermost to the innermost.
    pub(crate) fn order(&self) -> Vec<ActivationAxis> {
        self.dims.concat()
    }

    /// True if a dimension is the channels alone.
    pub(crate) fn is_channels(&self, dim: usize) -> bool {
        self.dims[dim] == [ActivationAxis::Channel] || (self.shape.channels == 1 && self.dims[dim].is_empty())
    }

    /// The same activation reshaped; `None` if an axis would have to be cut.
    pub(crate) fn reshaped(&self, extents: &[usize]) -> Option<Self> {
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

    /// Activation after the pointwise node `node`.
    pub(crate) fn through(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    /// Strides of channel, row and column in the flattened tensor.
    pub(crate) fn strides(&self) -> [usize; 3] {
        let mut strides = [0; 3];
        let mut stride = 1;
        for &axis in self.order().iter().rev() {
            strides[axis as usize] = stride;
            stride *= extent(self.shape, axis);
        }
        strides
    }
}

fn extent(shape: Shape, axis: ActivationAxis) -> usize {
    match axis {
        ActivationAxis::Channel => shape.channels,
        ActivationAxis::Row => shape.height,
        ActivationAxis::Column => shape.width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_merge_and_part_where_axes_meet() {
        let image = ActivationView::image(1, Shape::new(4, 3, 5));
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
        let pixel = ActivationView::image(1, Shape::new(4, 1, 1));
        assert_eq!(pixel.dims, [vec![ActivationAxis::Channel], vec![], vec![]]);
        assert_eq!(pixel.reshaped(&[4]).unwrap().dims, [[ActivationAxis::Channel]]);
        let last = [vec![ActivationAxis::Row], vec![ActivationAxis::Column], vec![ActivationAxis::Channel]];
        let canvas = ActivationView::ordered(0, Shape::new(1, 8, 8), &last);
        assert!(canvas.reshaped(&[1, 8, 8]).unwrap().is_image());
        assert!(canvas.is_channels(2) && !canvas.is_channels(0));
    }
}
