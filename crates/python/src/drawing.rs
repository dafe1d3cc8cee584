//! Drawings out of what Python has: strokes, paths, bytes, arrays of pixels, pictures of Pillow.

use std::path::PathBuf;

use dabnet::{Drawing, Sketch, Stroke, read_bytes, read_file};
use image::{ColorType, ImageEncoder, codecs::png::PngEncoder};
use numpy::{PyReadonlyArray2, PyReadonlyArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    exceptions::{PyFileNotFoundError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict},
};

/// Upper bound of the numbers of a point: x, y and a time.
pub(crate) const MAX_NUMBERS: usize = 3;

/// The one drawing that `value` is.
///
/// # Errors
/// `TypeError` where it is nothing of that kind, `ValueError` where it cannot be read or holds several.
pub(crate) fn one(value: &Bound<'_, PyAny>) -> PyResult<Drawing> {
    let mut drawings = all(value)?;
    match drawings.len() {
        1 => Ok(drawings.remove(0)),
        count => Err(PyValueError::new_err(format!(
            "it has {count} sketches: recognize_file gives the labels of each"
        ))),
    }
}

/// The one drawing of a file's bytes; `name` is for messages.
///
/// # Errors
/// `ValueError` where they cannot be read, or hold several.
pub(crate) fn of_file(name: &str, bytes: &[u8]) -> PyResult<Drawing> {
    let mut drawings = sketches(read_bytes(name, bytes))?;
    match drawings.len() {
        1 => Ok(drawings.remove(0)),
        count => Err(PyValueError::new_err(format!("{name} has {count} sketches"))),
    }
}

/// The drawings that `value` is: several where it is a file of several.
pub(crate) fn all(value: &Bound<'_, PyAny>) -> PyResult<Vec<Drawing>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return sketches(read_bytes("the bytes", bytes.as_bytes()));
    }
    if let Ok(pixels) = value.extract::<PyReadonlyArrayDyn<'_, u8>>() {
        return sketches(read_bytes("the array", png(&pixels)?));
    }
    if let Ok(array) = value.cast::<PyUntypedArray>()
        && array.ndim() == 3
        && array.shape()[2] != 2
    {
        let shape = array.shape();
        let kind = array.dtype();
        return Err(PyValueError::new_err(format!(
            "an array {shape:?} of {kind} is neither pixels, which are uint8, nor strokes, which are [points, 2] each"
        )));
    }
    if value.hasattr("save")? && value.hasattr("getbands")? {
        return sketches(read_bytes("the picture", picture(value)?));
    }
    // Path-like objects, and text.
    if let Ok(path) = value.extract::<PathBuf>() {
        if !path.exists() {
            return Err(PyFileNotFoundError::new_err(format!("there is no file {}", path.display())));
        }
        return sketches(read_file(path));
    }
    Ok(vec![Drawing::Strokes(strokes(value)?)])
}

fn sketches<E: std::fmt::Display>(
    reader: Result<impl Iterator<Item = Result<Sketch, E>>, E>,
) -> PyResult<Vec<Drawing>> {
    let fail = |error: E| PyValueError::new_err(error.to_string());
    reader.map_err(fail)?.map(|sketch| Ok(sketch.map_err(fail)?.drawing)).collect()
}

/// Strokes as sequences of points, or arrays of shape `[points, 2]` or more columns.
fn strokes(value: &Bound<'_, PyAny>) -> PyResult<Vec<Stroke>> {
    let wrong = || {
        PyTypeError::new_err(
            "give strokes, [[(x, y), ...], ...], a path, bytes of a file, an array of uint8 pixels, or a picture of \
             Pillow",
        )
    };
    let mut strokes = Vec::new();
    for stroke in value.try_iter().map_err(|_| wrong())? {
        let stroke = stroke?;
        if let Ok(points) = stroke.extract::<PyReadonlyArray2<'_, f32>>()
            && (2..=MAX_NUMBERS).contains(&points.shape()[1])
        {
            strokes.push(Stroke::new(
                points.as_array().rows().into_iter().map(|point| [point[0], point[1]]).collect(),
            ));
            continue;
        }
        let mut points = Vec::new();
        for point in stroke.try_iter().map_err(|_| wrong())? {
            let point = point?;
            if point.len().is_ok_and(|numbers| numbers > MAX_NUMBERS) {
                return Err(PyValueError::new_err(
                    "a point has more than three numbers: give strokes as [[(x, y), ...], ...], points and not columns",
                ));
            }
            let coordinate = |at: usize| -> PyResult<f32> {
                point.get_item(at).and_then(|value| value.extract()).map_err(|_| wrong())
            };
            points.push([coordinate(0)?, coordinate(1)?]);
        }
        strokes.push(Stroke::new(points));
    }
    Ok(strokes)
}

/// The error of a drawing of many, with its index from 0.
pub(crate) fn at(python: Python<'_>, index: usize, error: &PyErr) -> PyErr {
    PyErr::from_type(error.get_type(python), format!("drawing {index}: {}", error.value(python)))
}

/// Pixels `[rows, columns]` of grey or `[rows, columns, 3 or 4]` of color, as the bytes of a PNG file.
fn png(pixels: &PyReadonlyArrayDyn<'_, u8>) -> PyResult<Vec<u8>> {
    let color = match pixels.shape() {
        [_, _] => ColorType::L8,
        [_, _, 3] => ColorType::Rgb8,
        [_, _, 4] => ColorType::Rgba8,
        shape => {
            return Err(PyValueError::new_err(format!(
                "pixels are [rows, columns] or [rows, columns, 3 or 4], not {shape:?}"
            )));
        }
    };
    let (rows, columns) = (pixels.shape()[0], pixels.shape()[1]);
    let bytes: Vec<u8> = pixels.as_array().iter().copied().collect();
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(&bytes, columns as u32, rows as u32, color.into())
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(out)
}

/// A picture of Pillow as the bytes of a PNG file.
fn picture(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let python = value.py();
    let buffer = python.import("io")?.call_method0("BytesIO")?;
    let options = PyDict::new(python);
    options.set_item("format", "PNG")?;
    // Other modes, as of photographs in four inks, have no place in a PNG file.
    let mode: String = value.getattr("mode")?.extract()?;
    let known = ["1", "L", "LA", "P", "RGB", "RGBA"].contains(&&mode[..]);
    let value = if known { value.clone() } else { value.call_method1("convert", ("RGB",))? };
    value.call_method("save", (&buffer,), Some(&options))?;
    buffer.call_method0("getvalue")?.extract()
}
