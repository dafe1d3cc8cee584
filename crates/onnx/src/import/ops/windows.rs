//! Sliding windows of convolutions and poolings.

use dabnet_graph::{Padding, Shape};

use crate::import::{ImportError, node::OnnxNode};

/// Windows that may not be square yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowGeometry {
    /// Rows and columns that a window spans.
    pub span: [usize; 2],
    pub stride: usize,
    pub padding: Padding,
}

impl WindowGeometry {
    /// Reads the windows of `kernel` with `dilation` on `input` from the attributes of `node`.
    pub(crate) fn new(
        node: &OnnxNode,
        kernel: [usize; 2],
        dilation: [usize; 2],
        input: Shape,
    ) -> Result<Self, ImportError> {
        let [down, across] = pair(node, "strides", 1)?;
        if down != across {
            return Err(
                node.refuse(format!("strides are [{down}, {across}]; only equal ones can be imported"))
            );
        }
        let span = [0, 1].map(|axis| {
            let steps = kernel[axis].checked_sub(1)?.checked_mul(dilation[axis])?;
            steps.checked_add(1).filter(|&span| span <= Shape::MAX_ELEMENTS)
        });
        let [Some(rows), Some(columns)] = span else {
            return Err(
                node.refuse(format!("kernel_shape {kernel:?} or dilations {dilation:?} make no window"))
            );
        };
        let windows = Self { span: [rows, columns], stride: down, padding: Padding::NONE };
        let padding = match node.text("auto_pad").as_str() {
            "" | "NOTSET" => given(node)?,
            "VALID" => Padding::NONE,
            "SAME_UPPER" => windows.same(input, true),
            "SAME_LOWER" => windows.same(input, false),
            other => return Err(node.refuse(format!("auto_pad is '{other}', which is not known"))),
        };
        if padding.greatest() > Shape::MAX_ELEMENTS {
            return Err(node.refuse(format!("pads {padding} are too large")));
        }
        Ok(Self { padding, ..windows })
    }

    /// Padding with which there is a window for every `stride` rows and columns; an odd one goes to the end,
    /// or to the beginning.
    fn same(self, input: Shape, at_end: bool) -> Padding {
        let sides = |extent: usize, span: usize| {
            let covered = (extent.div_ceil(self.stride) - 1) * self.stride + span;
            let all = covered.saturating_sub(extent);
            let (less, more) = (all / 2, all - all / 2);
            if at_end { (less, more) } else { (more, less) }
        };
        let ((top, bottom), (left, right)) =
            (sides(input.height, self.span[0]), sides(input.width, self.span[1]));
        Padding { top, left, bottom, right }
    }

    /// Extends the padding at the end to include windows that start within the input or before it. Returns
    /// true if that changes anything.
    pub(crate) fn with_last(self, input: Shape) -> (Self, bool) {
        let more = |extent: usize, before: usize, after: usize, span: usize| {
            let padded = extent + before + after;
            let missing = padded.saturating_sub(span) % self.stride;
            let begin = padded.saturating_sub(span) - missing + self.stride;
            if missing > 0 && begin < extent + before { begin + span - padded } else { 0 }
        };
        let Padding { top, left, bottom, right } = self.padding;
        let [below, beside] =
            [more(input.height, top, bottom, self.span[0]), more(input.width, left, right, self.span[1])];
        let padding = Padding { bottom: bottom + below, right: right + beside, ..self.padding };
        (Self { padding, ..self }, below + beside > 0)
    }
}

/// `kernel_shape`, which poolings must have.
pub(super) fn kernel(node: &OnnxNode) -> Result<[usize; 2], ImportError> {
    match node.ints("kernel_shape") {
        Some(_) => pair(node, "kernel_shape", 1),
        None => Err(node.refuse("has no kernel_shape")),
    }
}

/// Two positive numbers of an attribute, or `default`.
pub(super) fn pair(node: &OnnxNode, name: &str, default: usize) -> Result<[usize; 2], ImportError> {
    let Some(found) = node.ints(name) else { return Ok([default; 2]) };
    let number =
        |value: i64| usize::try_from(value).ok().filter(|value| (1..=Shape::MAX_ELEMENTS).contains(value));
    match *found {
        [down, across] => number(down).zip(number(across)).map(Into::into),
        _ => None,
    }
    .ok_or_else(|| node.refuse(format!("{name} is {found:?}, not two positive numbers")))
}

fn given(node: &OnnxNode) -> Result<Padding, ImportError> {
    let Some(found) = node.ints("pads") else { return Ok(Padding::NONE) };
    let sides: Option<Vec<usize>> = found.iter().map(|&side| usize::try_from(side).ok()).collect();
    match sides.as_deref() {
        Some(&[top, left, bottom, right]) => Ok(Padding { top, left, bottom, right }),
        _ => Err(node.refuse(format!("pads is {found:?}, not four numbers of 0 or more"))),
    }
}
