use std::{fs, ops::Range, path::Path};

use dabnet_binarize::{Granularity, Scheme};

use crate::{
    Form, Outcome, Reader, Report, Selection, Source, Tensor, TensorReport, WeightsError,
    output::{self, Output},
    part::{Fit, Part},
    selection::nothing,
};

/// How to binarize a file.
#[derive(Clone, Debug)]
pub struct Binarize {
    /// How a filter becomes two values.
    pub scheme: Scheme,
    /// How many weights share them.
    pub granularity: Granularity,
    /// Which tensors.
    pub selection: Selection,
    /// What is written.
    pub form: Form,
}

/// Binarizes `source` and writes `out`, all of it or nothing, telling `progress` how many bytes of
/// the source are done.
///
/// # Errors
/// [`WeightsError`]; nothing is left behind, and what was at `out` before is still there.
pub fn binarize(
    source: &Source,
    out: &Path,
    options: &Binarize,
    mut progress: impl FnMut(u64),
) -> Result<Report, WeightsError> {
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
                Outcome::Kept(reason)
            }
            (Some(reason), None) if options.form == Form::Packed => Outcome::LeftOut(reason),
            (Some(reason), None) => Outcome::Kept(reason),
            (None, _) => {
                let fit = tensor_in_parts(&mut reader, tensor, options, output.as_mut(), |bytes| {
                    progress(done + bytes)
                })?;
                Outcome::binarized(tensor, &fit, output::packed_bytes(tensor, options.granularity))
            }
        };
        done += tensor.byte_len();
        progress(done);
        reports.push((index, TensorReport::new(tensor, outcome)));
    }
    reports.sort_by_key(|(index, _)| *index);
    let bytes_out = output.finish(&mut reader)?;
    let size = |path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(Report {
        tensors: reports.into_iter().map(|(_, report)| report).collect(),
        bytes_in: source.files.iter().map(size).sum(),
        bytes_out,
    })
}

fn tensor_in_parts(
    reader: &mut Reader<'_>,
    tensor: &Tensor,
    options: &Binarize,
    output: &mut dyn Output,
    mut progress: impl FnMut(u64),
) -> Result<Fit, WeightsError> {
    let count = tensor.filter_count();
    let parts: Vec<Range<usize>> = match options.granularity {
        Granularity::Tensor => std::iter::once(0..count).collect(),
        Granularity::Filter | Granularity::Group(_) => tensor.parts().collect(),
    };
    let mut fit = Fit::default();
    for filters in parts {
        let weights = reader.filters(tensor, filters.clone())?;
        let part = Part::new(tensor, filters.start, weights, options.scheme, options.granularity)?;
        output.binarized(reader, tensor, &part)?;
        fit.add(&part.fit);
        progress(tensor.byte_len() * filters.end as u64 / count as u64);
    }
    Ok(fit)
}

/// Tensors as they lie in the files, so that each file is read from its beginning to its end.
fn in_file_order(tensors: &[Tensor]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&index| (tensors[index].file, tensors[index].bytes.as_ref().map(|bytes| bytes.start)));
    order
}
