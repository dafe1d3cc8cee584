//! Packed models as ONNX files.

mod binary;
mod writer;

use std::{fmt, str::FromStr};

use dabnet_engine::{EngineError, NodeParameters, PackedModel};
use dabnet_graph::{Conv2d, Node, OpKind, Padding, PointwiseOp, Quantizer};
use thiserror::Error;

use self::writer::{Attribute, OnnxWriter};

/// Form of the binary layers of an exported network.
///
/// ```
/// use dabnet_onnx::ExportForm;
///
/// assert_eq!("packed".parse::<ExportForm>().unwrap(), ExportForm::Packed);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportForm {
    /// Weights as 32-bit floats, for whatever reads ONNX.
    #[default]
    Dense,
    /// Weights as bits in bytes, which standard ops turn into two values a filter when the network is loaded, so that
    /// the file stays small.
    Packed,
    /// `BipolarQuant` and `Quant` of [QONNX](https://github.com/fastmachinelearning/qonnx), for tools that make hardware of
    /// it.
    Qonnx,
}

impl ExportForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Dense, Self::Packed, Self::Qonnx];

    const fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Packed => "packed",
            Self::Qonnx => "qonnx",
        }
    }
}

impl fmt::Display for ExportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExportForm {
    type Err = ExportError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let form = Self::ALL.into_iter().find(|form| form.name() == name);
        form.ok_or_else(|| ExportError::Form { name: name.to_owned() })
    }
}

/// Reason why a model cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// Unknown name of a form.
    #[error("'{name}' is no form: dense, packed or qonnx")]
    Form {
        /// The name.
        name: String,
    },
    /// The model is not valid.
    #[error(transparent)]
    Model(#[from] EngineError),
}

/// The bytes of an ONNX file that computes what a packed model does: from `canvas`, `[batch, channels, side, side]`, to
/// `logits`, `[batch, labels]`, both of 32-bit floats. Labels and preprocessing are in its metadata.
///
/// ```no_run
/// use dabnet_engine::PackedModel;
/// use dabnet_onnx::{ExportForm, export};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let packed = PackedModel::load("models/quickdraw-20")?;
/// std::fs::write("quickdraw-20.onnx", export(&packed, ExportForm::Packed)?)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ExportError::Model`] if the model is not valid.
pub fn export(packed: &PackedModel, form: ExportForm) -> Result<Vec<u8>, ExportError> {
    packed.check()?;
    let mut exporter = Exporter { packed, form, writer: OnnxWriter::default(), values: Vec::new() };
    for (id, node) in packed.graph.nodes().iter().enumerate() {
        let value = exporter.node(id, node)?;
        exporter.values.push(value);
    }
    let last = exporter.values.pop().unwrap_or_default();
    let logits = exporter.writer.node("Flatten", "logits", &[&last], &[("axis", Attribute::Int(1))]);
    debug_assert_eq!(logits, "logits", "no node has this name before");
    Ok(exporter.writer.finish(packed, form))
}

/// An export on its way.
struct Exporter<'a> {
    packed: &'a PackedModel,
    form: ExportForm,
    writer: OnnxWriter,
    /// Name of every node's output.
    values: Vec<String>,
}

impl Exporter<'_> {
    /// Writes a node, and returns the name of its output.
    fn node(&mut self, id: usize, node: &Node) -> Result<String, ExportError> {
        let name = &node.name;
        let inputs: Vec<String> = node.inputs.iter().map(|&input| self.values[input].clone()).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(match node.op.kind() {
            OpKind::Input { .. } => "canvas".to_owned(),
            OpKind::Conv2d(conv) => self.conv(id, name, conv, inputs[0])?,
            OpKind::BatchNorm { .. } => {
                let [scale, shift] = ["scale", "shift"].map(|parameter| self.vector(name, parameter));
                let count = self.packed.graph.shape(id).channels;
                // Mean and variance are in scale and shift.
                let [mean, variance] = [("zeros", 0.0), ("ones", 1.0)]
                    .map(|(part, value)| self.writer.filled(&format!("{part}.{count}"), count, value));
                let inputs = [inputs[0], &scale, &shift, &mean, &variance];
                self.writer.node("BatchNormalization", name, &inputs, &[("epsilon", Attribute::Float(0.0))])
            }
            OpKind::Pointwise(op) => self.pointwise(name, op, inputs[0]),
            OpKind::Sign => self.sign(name, inputs[0]),
            OpKind::Quantize { bits } => self.quantize(name, bits, inputs[0]),
            OpKind::MaxPool { kernel, stride, padding } => {
                self.writer.node("MaxPool", name, &inputs, &windows(kernel, stride, padding))
            }
            // What lies outside is not counted by default.
            OpKind::AvgPool { kernel, stride, padding } => {
                self.writer.node("AveragePool", name, &inputs, &windows(kernel, stride, padding))
            }
            OpKind::GlobalAvgPool => self.writer.node("GlobalAveragePool", name, &inputs, &[]),
            OpKind::Add => self.sum(name, &inputs),
            OpKind::Concat => self.writer.node("Concat", name, &inputs, &[("axis", Attribute::Int(1))]),
            OpKind::Dropout { .. } => inputs[0].to_owned(),
        })
    }

    fn conv(&mut self, id: usize, name: &str, conv: &Conv2d, input: &str) -> Result<String, ExportError> {
        let channels = self.packed.graph.filter_channels(id);
        let shape = [conv.out_channels, channels, conv.kernel, conv.kernel];
        let weights = format!("{name}.weight");
        let packed = self.packed;
        let weights = match (&packed.parameters[name], self.form) {
            (NodeParameters::Binary { alpha, beta, .. }, ExportForm::Qonnx) => {
                return self.bipolar_conv(name, conv, shape, [alpha, beta], input);
            }
            (NodeParameters::Binary { bits, alpha, beta }, ExportForm::Packed) => {
                self.unpacked(&weights, shape, bits, [alpha, beta])
            }
            (
                NodeParameters::Quantized { weights: integers, scale },
                ExportForm::Packed | ExportForm::Qonnx,
            ) => {
                let integers = self.writer.integers(&format!("{weights}.integers"), &shape, integers);
                let scale = self.writer.floats(&format!("{weights}.scale"), &[conv.out_channels], scale);
                let axis = [("axis", Attribute::Int(0))];
                self.writer.node("DequantizeLinear", &weights, &[&integers, &scale], &axis)
            }
            _ => self.writer.floats(&weights, &shape, &packed.dense(name)?),
        };
        Ok(self.writer.node("Conv", name, &[input, &weights], &conv_windows(conv)))
    }

    fn pointwise(&mut self, name: &str, op: PointwiseOp, input: &str) -> String {
        match op {
            PointwiseOp::Relu => self.writer.node("Relu", name, &[input], &[]),
            PointwiseOp::RPReLU => {
                let [slope, shift] = ["slope", "shift"].map(|parameter| self.channels(name, parameter));
                let threshold = self.packed.parameters[name].floats("threshold").unwrap_or_default();
                let negated: Vec<f32> = threshold.iter().map(|threshold| -threshold).collect();
                let offset = self.writer.floats(&format!("{name}.offset"), &[negated.len(), 1, 1], &negated);
                let distance = self.writer.node("Add", &format!("{name}.distance"), &[input, &offset], &[]);
                let bent = self.writer.node("PRelu", &format!("{name}.bent"), &[&distance, &slope], &[]);
                self.writer.node("Add", name, &[&bent, &shift], &[])
            }
            PointwiseOp::Tanh => self.writer.node("Tanh", name, &[input], &[]),
            PointwiseOp::Sigmoid => self.writer.node("Sigmoid", name, &[input], &[]),
            PointwiseOp::Clip { low, high } => {
                let low = self.writer.scalar(&format!("{name}.low"), low);
                let high = self.writer.scalar(&format!("{name}.high"), high);
                self.writer.node("Clip", name, &[input, &low, &high], &[])
            }
            PointwiseOp::Bias => {
                let bias = self.channels(name, "bias");
                self.writer.node("Add", name, &[input, &bias], &[])
            }
        }
    }

    /// +1 where the input is at least 0, which ONNX's own `Sign` is not.
    fn sign(&mut self, name: &str, input: &str) -> String {
        if self.form == ExportForm::Qonnx {
            let one = self.writer.scalar("one", 1.0);
            return self.writer.node("BipolarQuant", name, &[input, &one], &[]);
        }
        let [zero, one, minus] = [("zero", 0.0), ("one", 1.0), ("minus_one", -1.0)]
            .map(|(name, value)| self.writer.scalar(name, value));
        let positive = self.writer.node("GreaterOrEqual", &format!("{name}.positive"), &[input, &zero], &[]);
        self.writer.node("Where", name, &[&positive, &one, &minus], &[])
    }

    fn quantize(&mut self, name: &str, bits: u8, input: &str) -> String {
        let step = self.packed.parameters[name].floats("step").and_then(|step| step.first()).copied();
        let step = self.writer.scalar(&format!("{name}.step"), step.unwrap_or(1.0));
        let [zero, half] =
            [("zero", 0.0), ("half", 0.5)].map(|(name, value)| self.writer.scalar(name, value));
        if self.form == ExportForm::Qonnx {
            let width = self.writer.scalar(&format!("{name}.bits"), f32::from(bits));
            let attributes = [
                ("signed", Attribute::Int(0)),
                ("narrow", Attribute::Int(0)),
                ("rounding_mode", Attribute::Text("HALF_UP")),
            ];
            return self.writer.node("Quant", name, &[input, &step, &zero, &width], &attributes);
        }
        let most = self.writer.scalar(&format!("{name}.most"), Quantizer::highest(bits) as f32);
        let mut value = input.to_owned();
        for (op, part, operands) in [
            ("Div", "steps", vec![&step]),
            ("Add", "half_up", vec![&half]),
            ("Floor", "level", vec![]),
            ("Clip", "clipped", vec![&zero, &most]),
        ] {
            let inputs: Vec<&str> = [&value].into_iter().chain(operands).map(String::as_str).collect();
            value = self.writer.node(op, &format!("{name}.{part}"), &inputs, &[]);
        }
        self.writer.node("Mul", name, &[&value, &step], &[])
    }

    fn sum(&mut self, name: &str, terms: &[&str]) -> String {
        let mut sum = terms[0].to_owned();
        for (index, term) in terms.iter().enumerate().skip(1) {
            let is_last = index + 1 == terms.len();
            let part = if is_last { name.to_owned() } else { format!("{name}.{index}") };
            sum = self.writer.node("Add", &part, &[&sum, term], &[]);
        }
        sum
    }

    /// A parameter with one value per channel, `[channels]`.
    fn vector(&mut self, name: &str, parameter: &str) -> String {
        let values = self.packed.parameters[name].floats(parameter).unwrap_or_default();
        self.writer.floats(&format!("{name}.{parameter}"), &[values.len()], values)
    }

    /// The same as `[channels, 1, 1]`.
    fn channels(&mut self, name: &str, parameter: &str) -> String {
        let values = self.packed.parameters[name].floats(parameter).unwrap_or_default();
        self.writer.floats(&format!("{name}.{parameter}"), &[values.len(), 1, 1], values)
    }
}

fn conv_windows(conv: &Conv2d) -> Vec<(&'static str, Attribute<'static>)> {
    let mut attributes = windows(conv.kernel, conv.stride, conv.padding);
    attributes.push(("group", Attribute::Int(conv.groups as i64)));
    attributes
}

fn windows(kernel: usize, stride: usize, padding: Padding) -> Vec<(&'static str, Attribute<'static>)> {
    let Padding { top, left, bottom, right } = padding;
    let ints = |values: &[usize]| Attribute::Ints(values.iter().map(|&value| value as i64).collect());
    vec![
        ("kernel_shape", ints(&[kernel; 2])),
        ("strides", ints(&[stride; 2])),
        ("pads", ints(&[top, left, bottom, right])),
    ]
}
