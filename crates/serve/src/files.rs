//! Static files of the page.

mod folder;
mod icons;
mod static_file;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Response, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
        },
    },
};
use dabnet_engine::{FirmwareImage, PackedModel};
use serde::Serialize;

use crate::{ModelRegistry, ServeError, ServedModel};

pub use icons::Icon;
pub(crate) use static_file::StaticFile;

/// Content security policy of the page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// All files of the page by path, without the leading `/`: the page itself, the engine for browsers in
/// `dabnet/`, and models in `models/`.
///
/// ```
/// use dabnet_serve::{ModelRegistry, PageFiles, ServeError, ServedModel};
///
/// fn write_page(model: ServedModel) -> Result<(), ServeError> {
///     PageFiles::new(&ModelRegistry::new(vec![model])?).write("page", false)
/// }
/// ```
#[derive(Debug)]
pub struct PageFiles(BTreeMap<String, StaticFile>);

/// List of the models.
const INDEX: &str = "models/index.json";
/// Image, for the smallest runner, of the model that guesses first; empty if that does not run it, or it is large.
const FIRST: &str = "models/first.bin";
/// Upper bound of that image: more would not be there before the engine.
const MAX_FIRST_BYTES: usize = 256 << 10;
/// Upper bound of its network's nodes times the canvas's side.
const MAX_FIRST_ROWS: usize = 1 << 13;

/// A model in [`INDEX`].
#[derive(Serialize)]
struct ModelIndexEntry<'a> {
    name: &'a str,
    labels: usize,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1: Option<f64>,
    url: String,
}

impl PageFiles {
    /// The page with these models.
    pub fn new(registry: &ModelRegistry) -> Self {
        let mut files: BTreeMap<String, StaticFile> = dabnet_web::FILES
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), StaticFile::new(name, *bytes)))
            .collect();
        let models = registry.models();
        for served in &models {
            let url = url(served);
            files.insert(url.clone(), StaticFile::new(&url, served.bytes().to_vec()));
        }
        files.insert(INDEX.to_owned(), index(&models));
        files.insert(FIRST.to_owned(), first(registry));
        Self(files)
    }

    /// Files of one of the models as it is now.
    pub(crate) fn of_model(registry: &ModelRegistry, model: usize) -> Self {
        let served = registry.at(model);
        let url = url(&served);
        let file = StaticFile::new(&url, served.bytes().to_vec());
        let models = registry.models();
        let lists = [(INDEX.to_owned(), index(&models)), (FIRST.to_owned(), first(registry))];
        Self(lists.into_iter().chain([(url, file)]).collect())
    }

    /// Puts files in the place of those of the same names.
    pub(crate) fn replace(&mut self, files: Self) {
        self.0.extend(files.0);
    }

    /// Writes the files to a folder that any web server can serve.
    ///
    /// The folder is replaced atomically. An existing one is replaced only if it is empty, if it has what this function
    /// wrote and nothing else, or with `force`.
    ///
    /// # Errors
    /// [`ServeError::Occupied`] if it may not be replaced, [`ServeError::Write`] if it cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>, force: bool) -> Result<(), ServeError> {
        folder::write(self, folder.as_ref(), force)
    }

    /// Names and bytes in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, file)| (name.as_str(), &file.bytes[..]))
    }

    /// The file at a URL's path.
    pub(crate) fn at(&self, path: &str) -> Option<&StaticFile> {
        match path.strip_prefix('/')? {
            "" => self.0.get("index.html"),
            name => self.0.get(name),
        }
    }
}

fn url(served: &ServedModel) -> String {
    format!("models/{}/model.safetensors", served.name())
}

fn index(models: &[Arc<ServedModel>]) -> StaticFile {
    let entry = |served| ModelIndexEntry {
        name: ServedModel::name(served),
        labels: served.model().labels().len(),
        bytes: served.bytes().len(),
        top1: served.top1(),
        url: url(served),
    };
    let entries: Vec<ModelIndexEntry<'_>> = models.iter().map(|served| entry(served)).collect();
    StaticFile::new(INDEX, serde_json::to_vec(&entries).expect("names and numbers are JSON"))
}

fn first(registry: &ModelRegistry) -> StaticFile {
    // Rows are placed one by one: a deep network on a large canvas would take minutes, and is not there first anyway.
    let rows = |packed: &PackedModel| packed.graph.nodes().len() * packed.graph.input_shape().height;
    let packed = registry.first().filter(|packed| rows(packed) <= MAX_FIRST_ROWS);
    let image = packed.and_then(|packed| FirmwareImage::new(&packed).ok());
    let bytes = image.filter(FirmwareImage::draws).map(|image| image.bytes());
    StaticFile::new(FIRST, bytes.filter(|bytes| bytes.len() <= MAX_FIRST_BYTES).unwrap_or_default())
}

/// Response with a file, or 304 if the client has it already.
pub(crate) fn response(file: &StaticFile, request: &Request) -> Response<Body> {
    let zipped = file.zipped.as_ref().filter(|_| takes_gzip(request.headers()));
    let etag = if zipped.is_some() { &file.zipped_etag } else { &file.etag };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(ETAG, etag.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_governed(request.uri().path(), file.content_type) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    if file.zipped.is_some() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if matches(request.headers(), etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if zipped.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let bytes = zipped.unwrap_or(&file.bytes).clone();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if request.method() != axum::http::Method::HEAD {
        *response.body_mut() = Body::from(bytes);
    }
    response
}

/// True for pages and workers, which have a policy; that of any other file would be sent for nothing.
fn is_governed(path: &str, content_type: &str) -> bool {
    content_type.starts_with("text/html") || path.ends_with("worker.js") || path.ends_with("/sw.js")
}

/// True if the client accepts gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.filter_map(|part| part.strip_prefix("q=")).any(|q| q.parse() == Ok(0.0));
        gzip && !refused
    })
}

/// True if the client's cached copy has this tag.
fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|tag| {
        tag == "*" || etag.to_str().is_ok_and(|etag| tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_read() {
        let takes = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate,gzip"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("x-gzip-not") && !takes(""));
    }

    #[test]
    fn tags_are_compared() {
        let etag = HeaderValue::from_static("\"a\"");
        let same = |value: &'static str| {
            matches(&HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]), &etag)
        };
        assert!(same("\"a\"") && same("W/\"a\"") && same("\"b\", \"a\"") && same("*"));
        assert!(!same("\"b\"") && !same("a"));
    }
}
