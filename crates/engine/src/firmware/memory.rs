//! Places of rows in memory: rows that are not there at the same time share words.

use std::collections::HashMap;

use super::schedule::{ScheduleEntry, is_pool, reads_ink};
use crate::{
    ops::{CompiledStep, OperatorRecord},
    plan::{ElementKind, PlannedValue, ValueId},
    program::INPUT,
    simd::units,
};

/// Something that takes words for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum StoredRow {
    /// A row of a value.
    Value(usize, usize),
    /// Sums or maxima of a row of a pooling of floats.
    Sums(usize, usize),
}

/// Places of all rows.
pub(super) struct RowPlaces {
    places: HashMap<StoredRow, usize>,
    /// Words in all.
    pub(super) words: usize,
}

/// Time from the first use to the last, in entries of the schedule.
#[derive(Clone, Copy)]
struct Lifetime {
    first: usize,
    last: usize,
}

impl RowPlaces {
    /// Places the rows of a schedule; those `kept` stay to its end.
    pub(super) fn new(
        steps: &[CompiledStep],
        values: &[PlannedValue],
        entries: &[ScheduleEntry],
        kept: &[ValueId],
    ) -> Self {
        let mut lifetimes: HashMap<StoredRow, Lifetime> = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            for row in uses(steps.get(entry.step), entry) {
                let lifetime = lifetimes.entry(row).or_insert(Lifetime { first: at, last: at });
                lifetime.last = at;
                if matches!(row, StoredRow::Value(value, _) if kept.contains(&ValueId(value))) {
                    lifetime.last = entries.len();
                }
            }
        }
        let mut order: Vec<(StoredRow, Lifetime, usize)> =
            lifetimes.into_iter().map(|(row, lifetime)| (row, lifetime, row.words(steps, values))).collect();
        // The largest first, since small rows fit into what these leave.
        order.sort_unstable_by_key(|(row, lifetime, words)| (usize::MAX - words, lifetime.first, row.key()));
        let mut taken: Vec<(Lifetime, usize, usize)> = Vec::new();
        let mut all = Self { places: HashMap::new(), words: 0 };
        for (row, lifetime, words) in order {
            let mut place = 0;
            for (other, from, end) in &taken {
                if other.first <= lifetime.last && lifetime.first <= other.last && place + words > *from {
                    place = place.max(*end);
                }
            }
            taken.push((lifetime, place, place + words));
            taken.sort_unstable_by_key(|(_, from, end)| (*from, *end));
            all.words = all.words.max(place + words);
            all.places.insert(row, place);
        }
        all
    }

    /// Place of a row that the schedule uses.
    pub(super) fn get(&self, row: StoredRow) -> u32 {
        self.places[&row] as u32
    }
}

impl StoredRow {
    const fn key(self) -> (usize, usize, usize) {
        match self {
            Self::Value(value, row) => (0, value, row),
            Self::Sums(step, row) => (1, step, row),
        }
    }

    fn words(self, steps: &[CompiledStep], values: &[PlannedValue]) -> usize {
        match self {
            Self::Value(value, _) => {
                let PlannedValue { kind, shape, planes } = values[value];
                match kind {
                    ElementKind::Floats => shape.width * shape.channels,
                    ElementKind::Bits => planes * shape.width * units(shape.channels),
                }
            }
            Self::Sums(step, _) => steps[step].shape.width * steps[step].shape.channels,
        }
    }
}

/// Rows that an entry reads or writes.
fn uses(step: Option<&CompiledStep>, entry: &ScheduleEntry) -> Vec<StoredRow> {
    let Some(step) = step else { return vec![StoredRow::Value(INPUT.0, entry.row)] };
    let input = step.operator.input();
    let inputs = entry.inputs.iter().filter(|_| !reads_ink(step)).map(|&row| StoredRow::Value(input.0, row));
    let mut rows: Vec<StoredRow> = inputs.collect();
    if is_pool(step) {
        rows.push(sums(step, entry));
    }
    if entry.ends {
        let values = step.epilogue.reads().chain(step.epilogue.writes());
        rows.extend(values.map(|value| StoredRow::Value(value.0, entry.row)));
    }
    rows
}

/// Row in which a pooling gathers: the result's own where it is stored as it is.
pub(super) fn sums(step: &CompiledStep, entry: &ScheduleEntry) -> StoredRow {
    let own = match step.operator.record() {
        Some(OperatorRecord::BitMaxPool { .. }) => step.epilogue.bits().next().map(|bits| bits.value),
        _ => step
            .epilogue
            .floats()
            .filter(|store| store.stride == step.shape.channels)
            .map(|store| store.value),
    };
    own.map_or(StoredRow::Sums(entry.step, entry.row), |value| StoredRow::Value(value.0, entry.row))
}
