//! How flat a grid is around a combination: a peak that stands alone was found by chance more likely than a plateau.

use super::grid::Grid;

/// The Sharpe ratios next to a combination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flatness {
    /// Neighbours that have a ratio.
    pub neighbours: usize,
    /// Their mean; `None` without one.
    pub mean: Option<f64>,
    /// The worst of them; `None` without one.
    pub worst: Option<f64>,
}

/// Looks at the neighbours of a combination: those that differ from it in one constant alone, by one step of the
/// grid, up or down.
///
/// `sharpes` are the ratios of all combinations in the grid's order; what has none is not counted, nor what `is_left_out`
/// says: a constant that nothing reads makes no plateau.
///
/// # Formula
/// mean = Σ Sharpe of the neighbours / their number; worst = the smallest of them.
pub fn flatness(
    grid: &Grid,
    sharpes: &[Option<f64>],
    index: usize,
    is_left_out: impl Fn(usize, usize) -> bool,
) -> Flatness {
    let near = grid.neighbours(index).into_iter().filter(|other| !is_left_out(index, *other));
    let near: Vec<f64> = near.filter_map(|other| sharpes.get(other).copied().flatten()).collect();
    let mean = (!near.is_empty()).then(|| near.iter().sum::<f64>() / near.len() as f64);
    Flatness { neighbours: near.len(), mean, worst: near.into_iter().reduce(f64::min) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::grid::Values;

    /// Two by three: A is 1 and 2, B is 1, 2 and 3.
    fn check(sharpes: [Option<f64>; 6], index: usize, expected: (usize, Option<f64>, Option<f64>)) {
        let axis = |name: &str, high| (name.to_owned(), Values::stepped(1.0, high, 1.0).expect("steps"));
        let grid = Grid::new(vec![axis("A", 2.0), axis("B", 3.0)], 10).expect("a small grid");
        let found = flatness(&grid, &sharpes, index, |_, _| false);
        assert_eq!((found.neighbours, found.mean, found.worst), expected);
    }

    #[test]
    fn the_neighbours_are_those_one_step_away_in_one_constant() {
        let all = [Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0), Some(6.0)];
        check(all, 0, (2, Some(3.0), Some(2.0)));
        check(all, 4, (3, Some(4.0), Some(2.0)));
    }

    #[test]
    fn a_constant_that_nothing_reads_is_idle_and_no_plateau() {
        let axis = |name: &str, high| (name.to_owned(), Values::stepped(1.0, high, 1.0).expect("steps"));
        let grid = Grid::new(vec![axis("A", 2.0), axis("B", 3.0)], 10).expect("a small grid");
        let idle = |is_same: &dyn Fn(usize, usize) -> bool| -> Vec<&str> {
            grid.idle(is_same).iter().map(|axis| axis.name.as_str()).collect()
        };
        // B varies fastest.
        let of_a = |index: usize, other: usize| index / 3 == other / 3;
        assert_eq!(idle(&of_a), ["B"]);
        assert_eq!(idle(&|index, other| index % 3 == other % 3), ["A"]);
        assert_eq!(idle(&|_, _| true), ["A", "B"]);
        assert_eq!(idle(&|index, other| of_a(index, other) && index < 3), [""; 0]);
        let sharpes = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0].map(Some);
        let found = flatness(&grid, &sharpes, 1, of_a);
        assert_eq!((found.neighbours, found.mean), (1, Some(2.0)));
    }

    #[test]
    fn what_has_no_ratio_is_not_counted() {
        check([Some(1.0), None, None, Some(-1.0), None, None], 0, (1, Some(-1.0), Some(-1.0)));
        check([Some(1.0), None, None, None, None, None], 0, (0, None, None));
    }
}
