//! A network run by definition, in double precision.

use dabnet_engine::PackedModel;
use dabnet_graph::{Graph, OpKind, Padding, Precision, Shape};

use super::Numbers;

/// Result of the reference interpreter.
pub struct Reference {
    /// Channels × height × width.
    pub logits: Vec<f64>,
    /// The least distance from zero of an input of a sign that single precision may not give
    /// exactly, or of that of a quantizer from where the next level begins, as a part of the largest of its inputs.
    pub margin: f64,
    /// True if single precision too is exact in every order of summation, which only
    /// [dyadic](Numbers::Dyadic) numbers are.
    pub exact: bool,
    /// Output of every sign and quantizer, channels × height × width.
    pub signs: Vec<(Shape, Vec<f64>)>,
}

struct Tensor {
    values: Vec<f64>,
    /// All values are multiples of it, if the parameters are dyadic.
    quantum: f64,
}

pub fn run(packed: &PackedModel, canvas: &[f32], numbers: Numbers) -> Reference {
    let graph = &packed.graph;
    let mut tensors: Vec<Tensor> = Vec::new();
    let (mut margin, mut exact) = (f64::INFINITY, numbers == Numbers::Dyadic);
    let mut signs = Vec::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let input = node.inputs.first().map(|&input| &tensors[input]);
        let largest =
            input.map_or(1.0, |input| input.values.iter().fold(0.0, |max: f64, x| max.max(x.abs())));
        let channelwise = |of: &Function<'_>| channelwise(packed, id, input.unwrap(), of);
        let signs_of = |input: &Tensor| Tensor {
            values: input.values.iter().map(|&x| if x >= 0.0 { 1.0 } else { -1.0 }).collect(),
            quantum: 1.0,
        };
        let tensor = match node.op.kind() {
            OpKind::Input { .. } => {
                Tensor { values: canvas.iter().map(|&x| f64::from(x)).collect(), quantum: 1.0 }
            }
            OpKind::BatchNorm { .. } => {
                channelwise(&|x, parameter| parameter("scale") * x + parameter("shift"))
            }
            OpKind::Pointwise(op) => channelwise(&|x, parameter| op.definition(x, parameter)),
            OpKind::Dropout { .. } => channelwise(&|x, _| x),
            OpKind::Sign if exact => signs_of(input.unwrap()),
            OpKind::Sign => {
                let smallest = input.unwrap().values.iter().fold(f64::INFINITY, |min, x| min.min(x.abs()));
                margin = margin.min(if largest == 0.0 { 0.0 } else { smallest / largest });
                signs_of(input.unwrap())
            }
            OpKind::Quantize { bits } => {
                let (input, most) = (input.unwrap(), f64::from((1 << bits) - 1));
                let step = f64::from(packed.parameters[&node.name].floats("step").unwrap()[0]);
                if !exact {
                    // Levels begin at whole numbers of this, from 1 to the highest.
                    let begins = |x: &f64| {
                        let at = x / step + 0.5;
                        (at - at.round().clamp(1.0, most)).abs() * step
                    };
                    let nearest = input.values.iter().map(begins).fold(f64::INFINITY, f64::min);
                    margin = margin.min(if largest == 0.0 { 1.0 } else { nearest / largest });
                }
                let level = |x: &f64| step * (x / step + 0.5).floor().clamp(0.0, most);
                Tensor { values: input.values.iter().map(level).collect(), quantum: step }
            }
            OpKind::MaxPool { kernel, stride, padding } => {
                let input = input.unwrap();
                let most = |window: &[f64]| window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let values = pool(graph, id, &input.values, ([kernel; 2], stride, padding), most);
                Tensor { values, quantum: input.quantum }
            }
            OpKind::AvgPool { kernel, stride, padding } => {
                let input = input.unwrap();
                mean(graph, id, input, ([kernel; 2], stride, padding))
            }
            OpKind::GlobalAvgPool => {
                let shape = graph.input_shape_of(id);
                mean(graph, id, input.unwrap(), ([shape.height, shape.width], 1, Padding::NONE))
            }
            OpKind::Add => {
                let terms: Vec<&Tensor> = node.inputs.iter().map(|&input| &tensors[input]).collect();
                let at = |index: usize| terms.iter().map(|term| term.values[index]).sum();
                let values = (0..terms[0].values.len()).map(at).collect();
                Tensor { values, quantum: least_quantum(&terms) }
            }
            OpKind::Concat => {
                let parts: Vec<&Tensor> = node.inputs.iter().map(|&input| &tensors[input]).collect();
                let values = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
                Tensor { values, quantum: least_quantum(&parts) }
            }
            OpKind::Conv2d(conv) => {
                let input = input.unwrap();
                let weights = packed.dense(&node.name).unwrap();
                // Half a difference of two multiples of an eighth is one of a sixteenth; of levels, half of it is
                // taken twice.
                let unit = match graph.input_bits(id) {
                    None if conv.precision == Precision::Full => 0.25,
                    None | Some(1) => 0.0625,
                    Some(_) => 0.03125,
                };
                let quantum = unit * input.quantum;
                let heaviest = weights.iter().fold(0.0, |max: f64, &w| max.max(f64::from(w).abs()));
                let terms = conv.filter_len(graph.input_shape_of(id).channels) as f64;
                exact &= 2.0 * terms * heaviest * largest / quantum < f64::from(1 << 24);
                Tensor { values: convolve(graph, id, &input.values, &weights), quantum }
            }
        };
        if matches!(node.op.kind(), OpKind::Sign | OpKind::Quantize { .. }) {
            signs.push((graph.shape(id), tensor.values.clone()));
        }
        exact &= tensor.values.iter().all(|x| x.abs() / tensor.quantum < f64::from(1 << 22));
        tensors.push(tensor);
    }
    Reference { logits: tensors.pop().unwrap().values, margin, exact, signs }
}

fn least_quantum(tensors: &[&Tensor]) -> f64 {
    tensors.iter().fold(f64::INFINITY, |least, tensor| least.min(tensor.quantum))
}

/// Exact in single precision only where the number of terms is a power of two.
fn mean(graph: &Graph, id: usize, input: &Tensor, pooling: ([usize; 2], usize, Padding)) -> Tensor {
    let count = pooling.0[0] * pooling.0[1];
    let of = |window: &[f64]| window.iter().sum::<f64>() / window.len() as f64;
    let values = pool(graph, id, &input.values, pooling, of);
    let exact = count.is_power_of_two() && pooling.2.is_none();
    let quantum = if exact { input.quantum / count as f64 } else { 0.0 };
    Tensor { values, quantum }
}

/// A function of a value and of its channel's parameters, by name.
type Function<'a> = dyn Fn(f64, &dyn Fn(&str) -> f64) -> f64 + 'a;

/// `of` every value and the parameters of its channel, by name.
fn channelwise(packed: &PackedModel, id: usize, input: &Tensor, of: &Function) -> Tensor {
    let graph = &packed.graph;
    let parameters = packed.parameters.get(&graph.nodes()[id].name);
    let floats = |name: &str| parameters.and_then(|parameters| parameters.floats(name)).unwrap();
    let values: Vec<f64> = input
        .values
        .iter()
        .enumerate()
        .map(|(index, &x)| of(x, &|name| f64::from(floats(name)[index / graph.shape(id).positions()])))
        .collect();
    let tensors = graph.packed_tensors().into_iter().filter(|tensor| tensor.node == id);
    let all: Vec<f64> = tensors.flat_map(|tensor| floats(tensor.name)).map(|&it| f64::from(it)).collect();
    // What is computed on the way is a sum of results and parameters.
    let quantum = input.quantum.min(quantum(&values)).min(quantum(&all));
    Tensor { values, quantum }
}

/// The greatest power of two that all values are multiples of; infinite if all are 0.
fn quantum(values: &[f64]) -> f64 {
    let last_bit = |x: f64| {
        let bits = x.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32 - 1075;
        2.0_f64.powi(exponent + (bits | 1 << 52).trailing_zeros() as i32)
    };
    values.iter().filter(|x| **x != 0.0).fold(f64::INFINITY, |least, &x| least.min(last_bit(x)))
}

/// `of` what lies on the input under every window of a pooling.
fn pool(
    graph: &Graph,
    id: usize,
    input: &[f64],
    (kernel, stride, padding): ([usize; 2], usize, Padding),
    of: impl Fn(&[f64]) -> f64,
) -> Vec<f64> {
    let (from, to) = (graph.input_shape_of(id), graph.shape(id));
    let mut values = Vec::with_capacity(to.elements());
    for (channel, y, x) in
        (0..to.elements()).map(|at| (at / to.positions(), at / to.width % to.height, at % to.width))
    {
        let mut window = Vec::new();
        for tap in 0..kernel[0] * kernel[1] {
            let (row, column) = (y * stride + tap / kernel[1], x * stride + tap % kernel[1]);
            let inside = |at: usize, padding: usize, extent: usize| (padding..padding + extent).contains(&at);
            if inside(row, padding.top, from.height) && inside(column, padding.left, from.width) {
                let (row, column) = (row - padding.top, column - padding.left);
                window.push(input[(channel * from.height + row) * from.width + column]);
            }
        }
        values.push(of(&window));
    }
    values
}

fn convolve(graph: &Graph, id: usize, input: &[f64], weights: &[f32]) -> Vec<f64> {
    let OpKind::Conv2d(conv) = graph.nodes()[id].op.kind() else { panic!("no convolution") };
    let (from, to) = (graph.input_shape_of(id), graph.shape(id));
    let channels = from.channels / conv.groups;
    let weights: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
    let mut output = vec![0.0; to.elements()];
    for o in 0..to.channels {
        let first = o / (to.channels / conv.groups) * channels;
        for c in 0..channels {
            for tap in 0..conv.kernel * conv.kernel {
                let weight = weights[(o * channels + c) * conv.kernel * conv.kernel + tap];
                for y in 0..to.height {
                    let row = y * conv.stride + tap / conv.kernel;
                    if row < conv.padding.top || row - conv.padding.top >= from.height {
                        continue;
                    }
                    let at = ((first + c) * from.height + row - conv.padding.top) * from.width;
                    let source = &input[at..at + from.width];
                    let target = &mut output[(o * to.height + y) * to.width..][..to.width];
                    let mut column = tap % conv.kernel;
                    for sum in target {
                        if column >= conv.padding.left && column - conv.padding.left < from.width {
                            *sum += weight * source[column - conv.padding.left];
                        }
                        // Past the last column, the sum is of no use.
                        column = column.saturating_add(conv.stride);
                    }
                }
            }
        }
    }
    output
}
