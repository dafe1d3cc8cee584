//! Order of rows: each is computed when the first row that reads it is, so that few exist at a time.

use std::collections::HashSet;

use crate::{
    ops::{CompiledStep, OperatorRecord},
    plan::ValueId,
    program::INPUT,
};

/// One row of one step, or of a pooling, the part of it that one row of the input gives.
#[derive(Clone, Debug)]
pub(super) struct ScheduleEntry {
    pub(super) step: usize,
    pub(super) row: usize,
    /// First window row.
    pub(super) first: usize,
    /// Rows of the input.
    pub(super) inputs: Vec<usize>,
    pub(super) begins: bool,
    pub(super) ends: bool,
}

/// Orders the rows of steps so that the output's are computed. The step behind the last is the ink as floats, for steps
/// that do not read it as it is.
pub(super) fn schedule(steps: &[CompiledStep], values: usize) -> Vec<ScheduleEntry> {
    let mut writers = vec![Vec::new(); values];
    for (at, step) in steps.iter().enumerate() {
        step.epilogue.writes().for_each(|value| writers[value.0].push(at));
    }
    writers[INPUT.0].push(steps.len());
    let mut scheduler = RowScheduler { steps, writers, begun: HashSet::new(), entries: Vec::new() };
    let last = steps.len() - 1;
    (0..steps[last].shape.height).for_each(|row| scheduler.compute(last, row));
    scheduler.entries
}

/// True for steps that read the ink as it is.
pub(super) fn reads_ink(step: &CompiledStep) -> bool {
    step.operator.input() == INPUT && matches!(step.operator.record(), Some(OperatorRecord::RealConv { .. }))
}

/// True for operators whose results grow row by row.
pub(super) fn is_pool(step: &CompiledStep) -> bool {
    matches!(
        step.operator.record(),
        Some(OperatorRecord::MaxPool | OperatorRecord::AveragePool | OperatorRecord::BitMaxPool { .. })
    )
}

/// True for poolings of bits, whose results pass no epilogue.
pub(super) fn is_bit_pool(step: &CompiledStep) -> bool {
    matches!(step.operator.record(), Some(OperatorRecord::BitMaxPool { .. }))
}

struct RowScheduler<'a> {
    steps: &'a [CompiledStep],
    /// Steps that write each value.
    writers: Vec<Vec<usize>>,
    begun: HashSet<(usize, usize)>,
    entries: Vec<ScheduleEntry>,
}

impl RowScheduler<'_> {
    fn compute(&mut self, at: usize, row: usize) {
        if !self.begun.insert((at, row)) {
            return;
        }
        let Some(step) = self.steps.get(at) else {
            let inputs = vec![row];
            self.entries.push(ScheduleEntry { step: at, row, first: 0, inputs, begins: true, ends: true });
            return;
        };
        let (input, window) = (step.operator.input(), step.operator.window());
        let taps = window.map_or(0..1, |window| window.rows(row));
        let inputs: Vec<usize> =
            taps.clone().map(|tap| window.map_or(row, |window| window.row_at(row, tap))).collect();
        let whole = ScheduleEntry { step: at, row, first: taps.start, inputs, begins: true, ends: true };
        if is_pool(step) && whole.inputs.len() > 1 {
            let last = whole.inputs.len() - 1;
            for (part, &from) in whole.inputs.iter().enumerate() {
                self.require(input, from);
                let (begins, ends) = (part == 0, part == last);
                if ends {
                    self.require_addends(step, row);
                }
                let first = whole.first + part;
                self.entries.push(ScheduleEntry { step: at, row, first, inputs: vec![from], begins, ends });
            }
            return;
        }
        if !reads_ink(step) {
            whole.inputs.iter().for_each(|&from| self.require(input, from));
        }
        self.require_addends(step, row);
        self.entries.push(whole);
    }

    fn require_addends(&mut self, step: &CompiledStep, row: usize) {
        step.epilogue.reads().for_each(|value| self.require(value, row));
    }

    fn require(&mut self, value: ValueId, row: usize) {
        for writer in self.writers[value.0].clone() {
            self.compute(writer, row);
        }
    }
}
