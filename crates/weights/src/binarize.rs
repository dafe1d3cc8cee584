use std::{fs, ops::Range, path::Path};

use dabnet_binarize::{Granularity, Scheme};

use crate::{
    BinarizeReport, OutputFormat, Tensor, TensorOutcome, TensorReport, TensorSelection, WeightReader,
    WeightSource, WeightsError,
    output::{self, TensorWriter},
    part::{ApproximationErrors, BinarizedFilters},
    selection::nothing,
};

/// Options of binarizing a file.
#[derive(Clone, Debug)]
pub struct BinarizeOptions {
    /// Binarization scheme.
    pub scheme: Scheme,
    /// Number of weights that share two values.
    pub granularity: Granularity,
    /// Selection of tensors.
    pub selection: TensorSelection,
    /// Format of the output.
    pub form: OutputFormat,
    /// True if files with a dense model's weights that lie where it is written are replaced.
    pub replace: bool,
}

/// Binarizes `source` and writes `out` atomically, calling `progress` with the number of bytes of the source
/// that are done.
///
/// # Errors
/// [`WeightsError`]; nothing is left behind, and what was at `out` before is still there.
pub fn binarize(
    source: &WeightSource,
    out: &Path,
    options: &BinarizeOptions,
    mut progress: impl FnMut(u64),
) -> Result<BinarizeReport, WeightsError> {
    if source.model {
        // What would be written says that it is whole, and is not.
        let reason = "is a model of this program's, sealed with a checksum: binarize what it was imported \
                      from, or give it to `dabnet train --start-from` with a policy that binarizes";
        return Err(WeightsError::Format { path: source.path.clone(), reason: reason.into() });
    }
    let reasons = options.selection.choose(&source.tensors)?;
    if !reasons.contains(&None) {
        return Err(nothing(source, &reasons));
    }
    let mut output = output::start(source, out, options, &reasons)?;
    let mut reader = source.reader()?;
    let (mut reports, mut done) = (Vec::new(), 0);
    for index in in_file_order(&source.tensors) {
        let tensor = &source.tensors[index];
        let outcome = match (reasons[index], &tensor.bytes) {
            (Some(reason), Some(_)) => {
                output.keep(&mut reader, tensor)?;
                TensorOutcome::Kept(reason)
            }
            (Some(reason), None) if options.form == OutputFormat::Packed => TensorOutcome::LeftOut(reason),
            (Some(reason), None) => TensorOutcome::Kept(reason),
            (None, _) => {
                let fit = tensor_in_parts(&mut reader, tensor, options, output.as_mut(), |bytes| {
                    progress(done + bytes)
                })?;
                TensorOutcome::binarized(tensor, &fit, output::packed_bytes(tensor, options.granularity))
            }
        };
        done += tensor.byte_len();
        progress(done);
        reports.push((index, TensorReport::new(tensor, outcome)));
    }
    reports.sort_by_key(|(index, _)| *index);
    let bytes_out = output.finish(&mut reader)?;
    let size = |path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(BinarizeReport {
        tensors: reports.into_iter().map(|(_, report)| report).collect(),
        bytes_in: source.files.iter().map(size).sum(),
        bytes_out,
    })
}

fn tensor_in_parts(
    reader: &mut WeightReader<'_>,
    tensor: &Tensor,
    options: &BinarizeOptions,
    output: &mut dyn TensorWriter,
    mut progress: impl FnMut(u64),
) -> Result<ApproximationErrors, WeightsError> {
    let count = tensor.filter_count();
    let parts: Vec<Range<usize>> = match options.granularity {
        Granularity::Tensor => std::iter::once(0..count).collect(),
        Granularity::Filter | Granularity::Group(_) => tensor.parts().collect(),
    };
    let mut fit = ApproximationErrors::default();
    for filters in parts {
        let weights = reader.filters(tensor, filters.clone())?;
        let part =
            BinarizedFilters::new(tensor, filters.start, weights, options.scheme, options.granularity)?;
        output.binarized(reader, tensor, &part)?;
        fit.add(&part.fit);
        progress(tensor.byte_len() * filters.end as u64 / count as u64);
    }
    Ok(fit)
}

/// Indices of tensors in the order of their bytes, so that each file is read sequentially.
fn in_file_order(tensors: &[Tensor]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&index| (tensors[index].file, tensors[index].bytes.as_ref().map(|bytes| bytes.start)));
    order
}
