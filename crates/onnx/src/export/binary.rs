//! Binary convolutions of exported networks.

use dabnet_graph::Conv2d;

use super::{ExportError, Exporter, conv_windows, windows, writer::Attribute};

impl Exporter<'_> {
    /// Weights `shape` out of bits, rows of whole bytes as in a model file, by ops that run once, when the network is
    /// loaded.
    pub(super) fn unpacked(
        &mut self,
        name: &str,
        shape: [usize; 4],
        bits: &[u8],
        [alpha, beta]: [&[f32]; 2],
    ) -> String {
        let [filters, channels, kernel, _] = shape;
        let (length, row) = (channels * kernel * kernel, bits.len() / filters);
        let writer = &mut self.writer;
        let part = |part: &str| format!("{name}.{part}");
        let bytes = writer.bytes(&part("bits"), &[filters, row, 1], bits);
        let masks = writer.bytes("masks", &[1, 1, 8], &[1, 2, 4, 8, 16, 32, 64, 128]);
        let masked = writer.node("BitwiseAnd", &part("masked"), &[&bytes, &masks], &[]);
        let selected = writer.node("Cast", &part("selected"), &[&masked], &[("to", Attribute::Int(BOOL))]);
        let rows = writer.indices(&part("rows"), &[filters as i64, 8 * row as i64]);
        let rows = writer.node("Reshape", &part("in_rows"), &[&selected, &rows], &[]);
        let (start, end, axis) = (
            writer.indices("start", &[0]),
            writer.indices(&part("length"), &[length as i64]),
            writer.indices("filter_axis", &[1]),
        );
        let cut = writer.node("Slice", &part("cut"), &[&rows, &start, &end, &axis], &[]);
        let stored = [filters, kernel, kernel, channels].map(|side| side as i64);
        let stored = writer.indices(&part("stored_shape"), &stored);
        let stored = writer.node("Reshape", &part("stored"), &[&cut, &stored], &[]);
        let order = [("perm", Attribute::Ints(vec![0, 3, 1, 2]))];
        let upper = writer.node("Transpose", &part("upper"), &[&stored], &order);
        let alpha = writer.floats(&part("alpha"), &[filters, 1, 1, 1], alpha);
        let beta = writer.floats(&part("beta"), &[filters, 1, 1, 1], beta);
        writer.node("Where", name, &[&upper, &alpha, &beta], &[])
    }

    /// A convolution as the sum of two: by signs, scaled by `(α − β) / 2`, and by ones, whose one channel a group is
    /// multiplied by `(α + β) / 2` of every filter.
    pub(super) fn bipolar_conv(
        &mut self,
        name: &str,
        conv: &Conv2d,
        shape: [usize; 4],
        [alpha, beta]: [&[f32]; 2],
        input: &str,
    ) -> Result<String, ExportError> {
        let [filters, channels, kernel, _] = shape;
        let dense = self.packed.dense(name)?;
        let writer = &mut self.writer;
        let part = |part: &str| format!("{name}.{part}");
        // A scale is positive: where α is the lower value its weights are −1.
        let signs: Vec<f32> = dense
            .chunks(channels * kernel * kernel)
            .zip(alpha.iter().zip(beta))
            .flat_map(|(filter, (&alpha, &beta))| {
                filter.iter().map(move |&weight| if weight >= alpha.max(beta) { 1.0 } else { -1.0 })
            })
            .collect();
        let pairs = || alpha.iter().zip(beta);
        let scale: Vec<f32> = pairs().map(|(alpha, beta)| (alpha - beta).abs() / 2.0).collect();
        let middle: Vec<f32> = pairs().map(|(alpha, beta)| (alpha + beta) / 2.0).collect();
        let signs = writer.floats(&part("signs"), &shape, &signs);
        let scale = writer.floats(&part("half_range"), &[filters, 1, 1, 1], &scale);
        let weights = writer.node("BipolarQuant", &part("weight"), &[&signs, &scale], &[]);
        let spread = writer.node("Conv", &part("spread"), &[input, &weights], &conv_windows(conv));
        if middle.iter().all(|&middle| middle == 0.0) {
            return Ok(spread);
        }
        let ones = [conv.groups, channels, kernel, kernel];
        let ones = writer.floats(&part("ones"), &ones, &vec![1.0; ones.iter().product()]);
        let sum = writer.node("Conv", &part("sum"), &[input, &ones], &conv_windows(conv));
        let middle = writer.floats(&part("middle"), &[filters, 1, 1, 1], &middle);
        let mut spread_out = windows(1, 1, dabnet_graph::Padding::default());
        spread_out.push(("group", Attribute::Int(conv.groups as i64)));
        let shifted = writer.node("Conv", &part("shifted"), &[&sum, &middle], &spread_out);
        Ok(writer.node("Add", name, &[&spread, &shifted], &[]))
    }
}

/// `TensorProto.DataType.BOOL`.
const BOOL: i64 = 9;
