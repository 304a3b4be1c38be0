//! Feature columns as the engine reaches them: one numbered slot for each feature.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::reads::Read;
use crate::features::Column;
use crate::features::Columns;
use crate::features::Feature;

/// The features that a set of scripts reads, each with its slot. Sorted.
#[derive(Debug)]
pub(super) struct Layout {
    features: Vec<Feature>,
}

impl Layout {
    pub fn new(features: BTreeSet<Feature>) -> Self {
        Self { features: features.into_iter().collect() }
    }

    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    pub fn slot(&self, feature: &Feature) -> Option<usize> {
        self.features.binary_search(feature).ok()
    }
}

/// Where a slot's values come from.
#[derive(Debug)]
enum Slot {
    Absent,
    Column(Column),
    Given(Vec<Option<f64>>),
}

/// The columns behind the rows that scripts see.
#[derive(Debug)]
pub(super) struct View {
    layout: Arc<Layout>,
    slots: Vec<Slot>,
}

impl View {
    /// Returns a finite value, or `None` where there is none.
    pub fn value(&self, slot: usize, row: u32) -> Option<f64> {
        let value = match &self.slots[slot] {
            Slot::Absent => None,
            Slot::Column(column) => column.get(row as usize),
            Slot::Given(values) => values.get(row as usize).copied().flatten(),
        };
        value.filter(|number| number.is_finite())
    }

    /// Reads the finite values at `rows` into `values`, and whether each is there into `is_there`;
    /// both are as long as `rows`.
    pub fn read(&self, slot: usize, rows: &[u32], values: &mut [f64], is_there: &mut [bool]) {
        match &self.slots[slot] {
            Slot::Column(column) => column.read(rows, values, is_there),
            Slot::Absent | Slot::Given(_) => {
                for ((row, value), is_there) in rows.iter().zip(values).zip(is_there) {
                    let found = self.value(slot, *row);
                    *is_there = found.is_some();
                    *value = found.unwrap_or_default();
                }
            }
        }
    }

    /// Tells whether these columns were bound for the scripts of a layout.
    pub fn is_of(&self, layout: &Arc<Layout>) -> bool {
        Arc::ptr_eq(&self.layout, layout)
    }
}

/// Rows as one snapshot of scripts sees them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rows {
    pub(super) view: Arc<View>,
}

impl Rows {
    pub(super) fn bind(layout: &Arc<Layout>, columns: &Columns) -> Self {
        let slot =
            |feature| columns.column(feature).map_or(Slot::Absent, |column| Slot::Column(column.clone()));
        let slots = layout.features().iter().map(slot).collect();
        Self { view: Arc::new(View { layout: layout.clone(), slots }) }
    }

    pub(super) fn given(layout: &Arc<Layout>, rows: &[BTreeMap<Feature, f64>]) -> Self {
        let slot = |feature| Slot::Given(rows.iter().map(|row| row.get(feature).copied()).collect());
        let slots = layout.features().iter().map(slot).collect();
        Self { view: Arc::new(View { layout: layout.clone(), slots }) }
    }

    /// Copies the values that a function reads of a block of rows, each now at its place in the
    /// block. A session's rows lie a whole history apart: read one after the other, with a
    /// script between them, each waits for the memory alone.
    pub(super) fn gather(&self, reads: &[Read], index: &[u32]) -> Self {
        let View { layout, slots } = &*self.view;
        let mut gathered: Vec<Slot> = slots.iter().map(|_| Slot::Absent).collect();
        for slot in reads.iter().filter_map(|read| layout.slot(&read.feature)) {
            if matches!(gathered[slot], Slot::Absent) {
                let values = index.iter().map(|row| self.view.value(slot, *row));
                gathered[slot] = Slot::Given(values.collect());
            }
        }
        Self { view: Arc::new(View { layout: layout.clone(), slots: gathered }) }
    }

    /// Returns what a script would read from a row, `None` where that is `()`.
    pub fn value(&self, feature: &Feature, row: u32) -> Option<f64> {
        self.view.value(self.view.layout.slot(feature)?, row)
    }
}
