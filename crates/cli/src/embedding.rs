//! Embeddings of the sketches of data sets.

use dabnet_data::Dataset;
use dabnet_engine::{Model, Session};
use dabnet_sketch::Drawing;
use rayon::prelude::*;

use crate::{error::CliError, evaluation::thread_pool};

/// Embeddings of sketches of a data set on so many threads, 0 for one per core. `canvases` gives the views of a drawing,
/// each of which is embedded.
pub(crate) fn embed(
    model: &Model,
    data: &Dataset,
    indices: &[usize],
    threads: usize,
    canvases: impl Fn(&Drawing) -> Vec<Vec<f32>> + Sync,
) -> Result<Vec<Vec<Vec<f32>>>, CliError> {
    let one = |session: &mut Session, index: &usize| {
        let views = canvases(&data.sketch(*index)?.drawing);
        views.iter().map(|view| Ok(session.embed(view)?.to_vec())).collect()
    };
    thread_pool(threads)?.install(|| {
        indices.par_iter().map_init(|| Session::new(model), one).collect::<Result<Vec<_>, CliError>>()
    })
}
