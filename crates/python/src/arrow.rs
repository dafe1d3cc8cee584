//! Drawings out of columns of Arrow: those of pyarrow, polars, pandas, DuckDB and whatever else speaks its C data interface.

use std::ops::Range;

use arrow_array::{
    Array, ArrayRef, GenericListArray, GenericListViewArray, OffsetSizeTrait, UInt64Array, cast::AsArray,
    types,
};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;
use dabnet::{Drawing, Stroke};
use pyo3::{exceptions::PyValueError, prelude::*};
use pyo3_arrow::input::AnyArray;

use crate::drawing::{self, MAX_NUMBERS};

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
        DataType::Dictionary(..) => {
            let entries = column.as_any_dictionary();
            column_drawings(&take(entries.values(), entries.keys(), None).map_err(failed)?, first)
        }
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
    match column.data_type() {
        DataType::Utf8 => of_files(column.as_string::<i32>().iter(), first),
        DataType::LargeUtf8 => of_files(column.as_string::<i64>().iter(), first),
        DataType::Utf8View => of_files(column.as_string_view().iter(), first),
        DataType::Binary => of_files(column.as_binary::<i32>().iter(), first),
        DataType::LargeBinary => of_files(column.as_binary::<i64>().iter(), first),
        DataType::BinaryView => of_files(column.as_binary_view().iter(), first),
        _ => Err(wrong(column)),
    }
}

fn of_files<'a, B: AsRef<[u8]> + ?Sized + 'a>(
    rows: impl Iterator<Item = Option<&'a B>>,
    first: usize,
) -> PyResult<Vec<Drawing>> {
    let rows = rows.flatten().enumerate();
    rows.map(|(row, bytes)| drawing::of_file(&format!("row {}", first + row), bytes.as_ref())).collect()
}

/// Strokes of every row.
fn strokes(column: &ArrayRef) -> PyResult<Vec<Vec<Stroke>>> {
    let rows = Lists::of(column)?;
    let strokes = match rows.values.as_struct_opt() {
        Some(axes) => {
            no_nulls(&rows.values)?;
            let [x, y] = ["x", "y"].map(|name| axes.column_by_name(name).ok_or_else(|| wrong(column)));
            zipped(&Lists::of(x?)?, &Lists::of(y?)?)?
        }
        None => points(&Lists::of(&rows.values)?, column)?,
    };
    Ok(rows.ranges().map(|row| strokes[row].to_vec()).collect())
}

/// Strokes of two lists of coordinates each.
fn zipped(x: &Lists, y: &Lists) -> PyResult<Vec<Stroke>> {
    let (xs, ys) = (numbers(&x.values)?, numbers(&y.values)?);
    let of_one = |(x, y): (Range<usize>, Range<usize>)| {
        let (xs, ys) = (&xs[x], &ys[y]);
        let points = xs.iter().zip(ys).map(|(x, y)| [*x, *y]).collect();
        (xs.len() == ys.len()).then(|| Stroke::new(points))
    };
    let strokes: Option<_> = x.ranges().zip(y.ranges()).map(of_one).collect();
    strokes.ok_or_else(|| PyValueError::new_err("a stroke has other numbers of x and y"))
}

/// Strokes of points, `{x, y}` or `[x, y, ...]`.
fn points(strokes: &Lists, column: &ArrayRef) -> PyResult<Vec<Stroke>> {
    let points: Vec<[f32; 2]> = match strokes.values.as_struct_opt() {
        Some(axes) => {
            no_nulls(&strokes.values)?;
            let axis = |name| numbers(axes.column_by_name(name).ok_or_else(|| wrong(column))?);
            axis("x")?.into_iter().zip(axis("y")?).map(|(x, y)| [x, y]).collect()
        }
        None => {
            let points = Lists::of(&strokes.values)?;
            if points.ranges().any(|at| at.len() > MAX_NUMBERS) {
                return Err(PyValueError::new_err(
                    "a point has more than three numbers: a stroke is points [x, y], or columns by name, {x: [...], y: [...]}",
                ));
            }
            let values = numbers(&points.values)?;
            let found: Option<_> = points.ranges().map(|at| values[at].first_chunk().copied()).collect();
            found.ok_or_else(|| PyValueError::new_err("a point has fewer than two numbers"))?
        }
    };
    Ok(strokes.ranges().map(|stroke| Stroke::new(points[stroke].to_vec())).collect())
}

/// Lists of any width, without a null among them.
struct Lists {
    /// Where each begins among the values, and the last ends.
    offsets: Vec<usize>,
    values: ArrayRef,
}

impl Lists {
    fn of(array: &ArrayRef) -> PyResult<Self> {
        no_nulls(array)?;
        Ok(match array.data_type() {
            DataType::List(_) => Self::of_lists(array.as_list::<i32>()),
            DataType::LargeList(_) => Self::of_lists(array.as_list::<i64>()),
            DataType::ListView(_) => Self::of_views(array.as_list_view::<i32>())?,
            DataType::LargeListView(_) => Self::of_views(array.as_list_view::<i64>())?,
            DataType::FixedSizeList(_, length) => {
                let length = *length as usize;
                let offsets = (0..=array.len()).map(|row| row * length).collect();
                Self { offsets, values: array.as_fixed_size_list().values().clone() }
            }
            _ => return Err(wrong(array)),
        })
    }

    /// Lists of a slice leave out the values before and behind it.
    fn of_lists<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Self {
        let ends: Vec<usize> = lists.value_offsets().iter().map(|offset| offset.as_usize()).collect();
        let (first, last) = (ends.first().copied().unwrap_or(0), ends.last().copied().unwrap_or(0));
        let offsets = ends.into_iter().map(|end| end - first).collect();
        Self { offsets, values: lists.values().slice(first, last - first) }
    }

    /// Lists whose values lie in any order, brought into theirs.
    fn of_views<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> PyResult<Self> {
        let (mut offsets, mut order) = (vec![0], Vec::new());
        for (start, length) in lists.value_offsets().iter().zip(lists.value_sizes()) {
            let start = start.as_usize();
            order.extend((start..start + length.as_usize()).map(|at| at as u64));
            offsets.push(order.len());
        }
        let values = take(lists.values(), &UInt64Array::from(order), None).map_err(failed)?;
        Ok(Self { offsets, values })
    }

    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.offsets.windows(2).map(|ends| ends[0]..ends[1])
    }
}

/// Numbers of any type.
fn numbers(array: &ArrayRef) -> PyResult<Vec<f32>> {
    no_nulls(array)?;
    macro_rules! converted {
        ($type:ty, $to_f32:expr) => {
            array.as_primitive::<$type>().values().iter().map($to_f32).collect()
        };
    }
    let decimal = |scale: i8| move |value: f64| (value / 10_f64.powi(scale.into())) as f32;
    Ok(match *array.data_type() {
        DataType::Int8 => converted!(types::Int8Type, |value| (*value).into()),
        DataType::Int16 => converted!(types::Int16Type, |value| (*value).into()),
        DataType::Int32 => converted!(types::Int32Type, |value| *value as f32),
        DataType::Int64 => converted!(types::Int64Type, |value| *value as f32),
        DataType::UInt8 => converted!(types::UInt8Type, |value| (*value).into()),
        DataType::UInt16 => converted!(types::UInt16Type, |value| (*value).into()),
        DataType::UInt32 => converted!(types::UInt32Type, |value| *value as f32),
        DataType::UInt64 => converted!(types::UInt64Type, |value| *value as f32),
        DataType::Float16 => converted!(types::Float16Type, |value| value.to_f32()),
        DataType::Float32 => converted!(types::Float32Type, |value| *value),
        DataType::Float64 => converted!(types::Float64Type, |value| *value as f32),
        // What DuckDB makes of 1.5.
        DataType::Decimal32(_, scale) => {
            converted!(types::Decimal32Type, |value| decimal(scale)((*value).into()))
        }
        DataType::Decimal64(_, scale) => {
            converted!(types::Decimal64Type, |value| decimal(scale)(*value as f64))
        }
        DataType::Decimal128(_, scale) => {
            converted!(types::Decimal128Type, |value| decimal(scale)(*value as f64))
        }
        _ => return Err(wrong(array)),
    })
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
