//! The book as a session's exits leave it: what filters hold a candidate against.

use crate::domain::{AssetClass, Book, Order, Position, Symbol};

/// A book without what its session sells, whose slots and cash are free again, and without what was bought after it.
/// What another strategy holds of a sold symbol stays.
#[derive(Clone, Debug)]
pub struct Remaining<'a> {
    book: &'a Book,
    /// Whether each position is gone, at its place.
    gone: Vec<bool>,
    /// How many positions stay.
    count: usize,
}

impl<'a> Remaining<'a> {
    /// Takes a book without the positions at these places.
    pub fn of(book: &'a Book, gone: impl IntoIterator<Item = usize>) -> Self {
        let mut flags = vec![false; book.positions.len()];
        gone.into_iter().for_each(|place| flags[place] = true);
        let count = flags.iter().filter(|is_gone| !**is_gone).count();
        Self { book, gone: flags, count }
    }

    /// Returns how many positions stay, of both classes.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the equity, in the account's currency: what is sold is in it as cash.
    pub fn equity(&self) -> f64 {
        self.book.equity
    }

    /// Returns the positions that stay, of both classes.
    pub fn positions(&self) -> impl Iterator<Item = &'a Position> {
        self.places().map(|(_, own)| own)
    }

    /// Returns the same with their places in the book.
    pub fn places(&self) -> impl Iterator<Item = (usize, &'a Position)> {
        let positions = self.book.positions.iter().enumerate();
        positions.filter(|(place, _)| !self.gone[*place])
    }

    /// Returns the orders that are not filled yet, of both classes.
    pub fn pending(&self) -> &'a [Order] {
        &self.book.pending
    }

    /// Returns the symbols of a class that are held, one each for its positions.
    pub fn held(&self, class: AssetClass) -> impl Iterator<Item = &'a Symbol> {
        self.positions().filter(move |own| own.asset_class == class).map(|own| &own.symbol)
    }

    /// Returns the symbols of a class that are ordered.
    pub fn ordered(&self, class: AssetClass) -> impl Iterator<Item = &'a Symbol> {
        self.pending().iter().filter(move |own| own.asset_class == class).map(|own| &own.symbol)
    }
}
