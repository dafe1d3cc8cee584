//! Drawings out of columns of Arrow: those of pyarrow, polars, pandas, DuckDB and whatever else speaks its C data interface.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ListArray,
    cast::AsArray,
    types::{ArrowPrimitiveType, Float32Type},
};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field};
use dabnet::{Drawing, Stroke};
use pyo3::{exceptions::PyValueError, prelude::*};
use pyo3_arrow::input::AnyArray;

use crate::drawing;

/// The drawings of a column, or of the column `name` of a table, which is imported without a copy.
///
/// A drawing is a list of strokes, and a stroke a list of points `{x, y}` or `[x, y, ...]`, or a structure of two lists,
/// `x` and `y`; or it is the bytes or the text of a file with one sketch.
///
/// # Errors
/// `ValueError` where there is no such column, it is of another type, or a row has no drawing.
pub(crate) fn drawings(data: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<Drawing>> {
    let mut drawings = Vec::new();
    for chunk in data.extract::<AnyArray>()?.into_reader()? {
        let mut column = chunk.map_err(failed)?;
        if let Some(table) = column.as_struct_opt() {
            let found = table.column_by_name(name).cloned();
            column = found.ok_or_else(|| {
                let names = table.column_names().join(", ");
                PyValueError::new_err(format!("there is no column {name:?} among {names}: give column="))
            })?;
        }
        drawings.extend(column_drawings(&column, drawings.len())?);
    }
    Ok(drawings)
}

/// Drawings of one array; `first` is the number of its first row.
fn column_drawings(column: &ArrayRef, first: usize) -> PyResult<Vec<Drawing>> {
    if let Some(row) = (0..column.len()).find(|row| column.is_null(*row)) {
        return Err(PyValueError::new_err(format!("row {} has no drawing", first + row)));
    }
    match column.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => files(column, first),
        _ => strokes(column).map(|drawings| drawings.into_iter().map(Drawing::Strokes).collect()),
    }
}

fn files(column: &ArrayRef, first: usize) -> PyResult<Vec<Drawing>> {
    let bytes = cast(column, &DataType::LargeBinary).map_err(failed)?;
    let rows = bytes.as_binary::<i64>().iter().flatten().enumerate();
    rows.map(|(row, bytes)| drawing::of_file(&format!("row {}", first + row), bytes)).collect()
}

/// Strokes of every row.
fn strokes(column: &ArrayRef) -> PyResult<Vec<Vec<Stroke>>> {
    let rows = list(column)?;
    let strokes = match rows.values().as_struct_opt() {
        Some(axes) => {
            let [x, y] = ["x", "y"].map(|name| axes.column_by_name(name).ok_or_else(|| wrong(column)));
            let (x, y) = (list(x?)?, list(y?)?);
            zipped(&x, &y).ok_or_else(|| PyValueError::new_err("a stroke has other numbers of x and y"))?
        }
        None => points(&list(rows.values())?, column)?,
    };
    let offsets = rows.value_offsets().windows(2);
    Ok(offsets.map(|row| strokes[row[0] as usize..row[1] as usize].to_vec()).collect())
}

/// Strokes of two lists of coordinates each.
fn zipped(x: &ListArray, y: &ListArray) -> Option<Vec<Stroke>> {
    let values = |axis: &ListArray| Some(numbers(axis.values()).ok()?.values().to_vec());
    let (xs, ys) = (values(x)?, values(y)?);
    let pairs = x.value_offsets().windows(2).zip(y.value_offsets().windows(2));
    pairs
        .map(|(x, y)| {
            let (xs, ys) = (&xs[x[0] as usize..x[1] as usize], &ys[y[0] as usize..y[1] as usize]);
            let points = xs.iter().zip(ys).map(|(x, y)| [*x, *y]).collect();
            (xs.len() == ys.len()).then(|| Stroke::new(points))
        })
        .collect()
}

/// Strokes of points, `{x, y}` or `[x, y, ...]`.
fn points(strokes: &ListArray, column: &ArrayRef) -> PyResult<Vec<Stroke>> {
    let points: Vec<[f32; 2]> = match strokes.values().as_struct_opt() {
        Some(axes) => {
            let axis = |name| numbers(axes.column_by_name(name).ok_or_else(|| wrong(column))?);
            let (x, y) = (axis("x")?, axis("y")?);
            x.values().iter().zip(y.values()).map(|(x, y)| [*x, *y]).collect()
        }
        None => {
            let points = list(strokes.values())?;
            let values = numbers(points.values())?;
            let of_one =
                |at: &[i32]| values.values().get(at[0] as usize..at[1] as usize)?.first_chunk().copied();
            let found: Option<_> = points.value_offsets().windows(2).map(of_one).collect();
            found.ok_or_else(|| PyValueError::new_err("a point has fewer than two numbers"))?
        }
    };
    let offsets = strokes.value_offsets().windows(2);
    Ok(offsets.map(|stroke| Stroke::new(points[stroke[0] as usize..stroke[1] as usize].to_vec())).collect())
}

/// A list of any width, and without a null in it, as one of 32-bit offsets.
fn list(array: &ArrayRef) -> PyResult<ListArray> {
    let element = match array.data_type() {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => field.data_type().clone(),
        _ => return Err(wrong(array)),
    };
    no_nulls(array)?;
    let element = Arc::new(Field::new_list_field(element, true));
    Ok(cast(array, &DataType::List(element)).map_err(failed)?.as_list::<i32>().clone())
}

fn numbers(array: &ArrayRef) -> PyResult<arrow_array::PrimitiveArray<Float32Type>> {
    if !array.data_type().is_numeric() {
        return Err(wrong(array));
    }
    no_nulls(array)?;
    Ok(cast(array, &Float32Type::DATA_TYPE).map_err(failed)?.as_primitive().clone())
}

fn no_nulls(array: &ArrayRef) -> PyResult<()> {
    match array.null_count() {
        0 => Ok(()),
        _ => Err(PyValueError::new_err("a stroke, a point or a coordinate is null")),
    }
}

fn wrong(array: &ArrayRef) -> PyErr {
    PyValueError::new_err(format!(
        "a column of drawings is lists of strokes, each a list of points {{x, y}} or [x, y], or {{x: [...], y: [...]}}; or \
         bytes or text of files: not {}",
        array.data_type()
    ))
}

fn failed(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
