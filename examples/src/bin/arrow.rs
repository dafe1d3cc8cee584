//! A batch of drawings in a column of Arrow, a list of strokes of points {x, y} each, labelled on all cores:
//! `cargo run --release --bin arrow`.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ListArray, StructArray,
    builder::{Float32Builder, ListBuilder, StructBuilder},
    cast::AsArray,
    types::Float32Type,
};
use arrow_schema::{DataType, Field};
use dabnet::{Drawing, RecognizeError, Recognizer, Stroke, models};
use rayon::prelude::*;

/// The drawing of one row.
fn drawing(row: &ArrayRef) -> Drawing {
    let strokes = row.as_list::<i32>().iter().flatten().map(|stroke| {
        let points: &StructArray = stroke.as_struct();
        let axis = |name| points.column_by_name(name).expect("a point has it").as_primitive::<Float32Type>();
        Stroke::new(axis("x").values().iter().zip(axis("y").values()).map(|(x, y)| [*x, *y]).collect())
    });
    Drawing::Strokes(strokes.collect())
}

/// A column of stars, each smaller than the one before it.
fn stars(count: usize) -> ListArray {
    let fields = vec![
        Arc::new(Field::new("x", DataType::Float32, true)),
        Arc::new(Field::new("y", DataType::Float32, true)),
    ];
    let axes = fields.iter().map(|_| Box::new(Float32Builder::new()) as Box<_>).collect();
    let mut column = ListBuilder::new(ListBuilder::new(StructBuilder::new(fields, axes)));
    let star = [[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]];
    for row in 0..count {
        let size = 1.0 / (1.0 + row as f32);
        let points = column.values().values();
        for point in star {
            for (axis, coordinate) in point.into_iter().enumerate() {
                points
                    .field_builder::<Float32Builder>(axis)
                    .expect("both are floats")
                    .append_value(size * coordinate);
            }
            points.append(true);
        }
        column.values().append(true);
        column.append(true);
    }
    column.finish()
}

fn main() -> Result<(), RecognizeError> {
    let (model, column) = (models::quickdraw_345(), stars(1000));
    let labels = (0..column.len())
        .into_par_iter()
        .map_init(
            || Recognizer::new(model.clone()),
            |recognizer, row| Ok(recognizer.recognize(&drawing(&column.value(row)), 1)?[0].label.to_owned()),
        )
        .collect::<Result<Vec<String>, RecognizeError>>()?;
    let stars = labels.iter().filter(|label| *label == "star").count();
    println!("{stars} of {} are stars", labels.len());
    Ok(())
}
