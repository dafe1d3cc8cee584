//! Forms with a file in them, as pages and `curl -F` send them (RFC 7578).

use std::convert::Infallible;

use axum::body::Bytes;
use futures_util::{FutureExt, stream};
use multer::Multipart;

use crate::request_error::RequestError;

/// Returns the single file of a multipart form.
///
/// # Errors
/// [`RequestError::Malformed`] if the form is damaged, or has none, several, or another field beside it.
pub(crate) fn file(body: &Bytes, boundary: &str) -> Result<Bytes, RequestError> {
    let body = body.clone();
    let whole = stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(whole, boundary);
    // All of it is there, so that nothing is ever waited for.
    let file = async {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        while let Some(field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            let is_file = field.file_name().is_some() || field.content_type().is_some();
            let bytes = field.bytes().await?;
            if is_file { files.push(bytes) } else { others.push(name) }
        }
        Ok::<_, multer::Error>((files, others))
    };
    let fields = file.now_or_never().unwrap_or(Err(multer::Error::IncompleteStream));
    let (mut files, others) =
        fields.map_err(|error| RequestError::Malformed(format!("the form is damaged: {error}")))?;
    let reason = match (files.pop(), files.len(), others.first()) {
        (Some(file), 0, None) => return Ok(file),
        (None, ..) => "no file: send the sketch's as one, as 'curl -F sketch=@FILE' does".to_owned(),
        (Some(_), 0, Some(name)) => {
            format!("a field '{name}' beside the file: 'model', 'top' and 'views' belong to the address")
        }
        (Some(_), more, _) => format!("{} files: send one sketch at a time", more + 1),
    };
    Err(RequestError::Malformed(format!("the form has {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "Content-Disposition: form-data; name=\"sketch\"; filename=\"a.png\"";
    const FIELD: &str = "Content-Disposition: form-data; name=\"top\"";

    fn of(fields: &[(&str, &str)]) -> Result<Bytes, RequestError> {
        let fields = fields.iter().map(|(head, text)| format!("--xyz\r\n{head}\r\n\r\n{text}\r\n"));
        file(&Bytes::from(fields.collect::<String>() + "--xyz--\r\n"), "xyz")
    }

    #[test]
    fn the_file_of_a_form_is_found() {
        assert_eq!(of(&[(FILE, "bytes\r\n--xy")]).unwrap(), "bytes\r\n--xy");
    }

    #[test]
    fn other_forms_are_refused() {
        let said = |fields: &[(&str, &str)]| of(fields).unwrap_err().to_string();
        assert!(said(&[]).contains("no file"));
        assert!(said(&[(FIELD, "3")]).contains("no file"));
        assert!(said(&[(FILE, "a"), (FILE, "b")]).contains("2 files"));
        assert!(said(&[(FILE, "a"), (FIELD, "3")]).contains("'top'"));
        assert!(
            file(&Bytes::from_static(b"--xyz\r\nnothing"), "xyz")
                .unwrap_err()
                .to_string()
                .contains("damaged")
        );
    }
}
