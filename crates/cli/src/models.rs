//! Packed models: those at a path, and by their names those that come with the program.

use std::{fs, path::Path};

use dabnet_engine::{Model, PackedModel};
use dabnet_models::ALL as SHIPPED;
use dabnet_serve::{ModelRegistry, ServedModel};

use crate::{
    data::listed,
    error::CliError,
    training::{CONFIG, MODEL},
};

/// Number of models, the first ones, that are served if none is named: those of quick drawings.
const SERVED: usize = 2;

/// Name of the model that is used if none is named.
pub(crate) const DEFAULT: &str = SHIPPED[0].0;

/// The shipped model of that name, or that at a path, its file or its folder.
pub(crate) fn packed(path: &Path) -> Result<PackedModel, CliError> {
    match shipped(path)? {
        Some((_, bytes)) => Ok(PackedModel::from_bytes(bytes)?),
        None => PackedModel::load(path).map_err(|error| match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("onnx") => {
                let path = path.display();
                CliError::Input(format!(
                    "{path} is an ONNX network: dabnet import {path} -o DIR makes a model of it"
                ))
            }
            _ => error.into(),
        }),
    }
}

/// True if this is the name of a shipped model.
pub(crate) fn is_shipped(path: &Path) -> bool {
    named(path).is_some()
}

/// The model at a path, compiled; the default one if there is none.
pub(crate) fn compiled(path: Option<&Path>) -> Result<Model, CliError> {
    Ok(Model::new(packed(path.unwrap_or(Path::new(DEFAULT)))?)?)
}

/// The models at these paths to serve; the first [`SERVED`] shipped ones if there are none.
/// On the page the smallest shipped one guesses until they are there.
pub(crate) fn model_registry(paths: &[impl AsRef<Path>]) -> Result<ModelRegistry, CliError> {
    let registry = ModelRegistry::new(served(paths)?)?;
    match paths.is_empty() {
        true => Ok(registry.with_first(PackedModel::from_bytes(dabnet_models::QUICKDRAW_20_MINI)?)),
        false => Ok(registry),
    }
}

fn served(paths: &[impl AsRef<Path>]) -> Result<Vec<ServedModel>, CliError> {
    let shipped_one = |(name, bytes): (&str, &[u8])| ServedModel::from_bytes(name, bytes);
    if paths.is_empty() {
        return Ok(SHIPPED.into_iter().take(SERVED).map(shipped_one).collect::<Result<_, _>>()?);
    }
    paths.iter().map(|path| served_one(path.as_ref())).collect()
}

/// The model at a path to serve, or the shipped one of that name.
pub(crate) fn served_one(path: &Path) -> Result<ServedModel, CliError> {
    match shipped(path)? {
        Some((name, bytes)) => Ok(ServedModel::from_bytes(name, bytes)?),
        None => Ok(ServedModel::load(path)?),
    }
}

/// Checks that a folder has a model: a run gets one at its end, and what holds several runs has none.
///
/// # Errors
/// [`CliError::Input`], with what to do.
pub(crate) fn check_packed(path: &Path) -> Result<(), CliError> {
    if path.join(MODEL).exists() {
        return Ok(());
    }
    let inside = models_inside(path);
    let inside: Vec<&str> = inside.iter().map(String::as_str).collect();
    if !inside.is_empty() {
        let reason = "has no model of its own: give one of the folders in it that have";
        return Err(CliError::Input(format!("{} {reason}, {}", path.display(), listed(&inside))));
    }
    if !path.join(CONFIG).is_file() {
        return match path.is_dir() {
            true => Err(CliError::Input(format!(
                "{} has no {MODEL}: give a model's file, a folder with one, or {}",
                path.display(),
                shipped_names()
            ))),
            false => Ok(()),
        };
    }
    let run = path.display();
    Err(CliError::Input(format!(
        "the run {run} has not ended: dabnet train --out {run} goes on with it, dabnet pack {run} -o MODEL takes it as \
         it is"
    )))
}

/// Names of the folders in a folder that have a model.
fn models_inside(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join(MODEL).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn named(path: &Path) -> Option<(&str, &'static [u8])> {
    let name = path.to_str()?;
    Some((name, dabnet_models::find(name)?))
}

/// The shipped model that is meant; none where something is at that path. A name alone is always a shipped model's, so
/// that it means the same in every folder: what is there has a path, `./quickdraw-20`.
fn shipped(path: &Path) -> Result<Option<(&str, &'static [u8])>, CliError> {
    let found = named(path);
    if found.is_none() && path.exists() {
        return check_packed(path).map(|()| None);
    }
    found.map(Some).ok_or_else(|| {
        let reason = "there is no such file, and no such model in the program";
        let names = shipped_names();
        CliError::Input(format!("{}: {reason}: give a model's file, its folder, or {names}", path.display()))
    })
}

fn shipped_names() -> String {
    let [most @ .., last] = SHIPPED.map(|(name, _)| name);
    format!("{} or {last}", most.join(", "))
}
