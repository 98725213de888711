//! The assignment problem: pairs of rows and columns with the largest sum.

/// The column of each row in the pairing of rows with columns, each used once at most, whose values have the largest sum.
/// `values` has rows of equal length; a row has no column where there are more rows than columns, or where its best
/// column adds nothing.
///
/// The Hungarian algorithm with potentials, O(n³): Kuhn (1955), Munkres (1957).
pub fn best_pairs(values: &[Vec<u64>]) -> Vec<Option<usize>> {
    let columns = values.first().map_or(0, Vec::len);
    let size = values.len().max(columns);
    let largest = values.iter().flatten().copied().max().unwrap_or(0);
    let cost = |row: usize, column: usize| -> i64 {
        let value = values.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0);
        i64::try_from(largest - value).unwrap_or(i64::MAX)
    };
    let row_of = cheapest(size, cost);
    let mut pairs = vec![None; values.len()];
    for (column, row) in row_of.into_iter().enumerate() {
        if values.get(row).and_then(|row| row.get(column)).is_some_and(|value| *value > 0) {
            pairs[row] = Some(column);
        }
    }
    pairs
}

/// The row of each column in the cheapest perfect matching of a square of costs.
fn cheapest(size: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    // Rows and columns count from 1; column 0 is where the row that is being placed stands.
    let (mut row_potential, mut column_potential) = (vec![0_i64; size + 1], vec![0_i64; size + 1]);
    let mut row_of = vec![0_usize; size + 1];
    for new_row in 1..=size {
        let mut slack = vec![i64::MAX; size + 1];
        let mut came_from = vec![0_usize; size + 1];
        let mut seen = vec![false; size + 1];
        let mut column = 0;
        row_of[0] = new_row;
        while row_of[column] != 0 {
            seen[column] = true;
            let row = row_of[column];
            let (mut least, mut next) = (i64::MAX, 0);
            for other in (1..=size).filter(|other| !seen[*other]) {
                let reduced = cost(row - 1, other - 1) - row_potential[row] - column_potential[other];
                if reduced < slack[other] {
                    (slack[other], came_from[other]) = (reduced, column);
                }
                if slack[other] < least {
                    (least, next) = (slack[other], other);
                }
            }
            for other in 0..=size {
                if seen[other] {
                    row_potential[row_of[other]] += least;
                    column_potential[other] -= least;
                } else {
                    slack[other] = slack[other].saturating_sub(least);
                }
            }
            column = next;
        }
        while column != 0 {
            let before = came_from[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    row_of[1..].iter().map(|row| row - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greedy_pair_is_given_up_for_a_larger_sum() {
        assert_eq!(best_pairs(&[vec![10, 9], vec![9, 1]]), [Some(1), Some(0)]);
    }

    #[test]
    fn what_is_left_over_has_no_partner() {
        assert_eq!(best_pairs(&[vec![3], vec![5], vec![4]]), [None, Some(0), None]);
        assert_eq!(best_pairs(&[vec![1, 7, 2]]), [Some(1)]);
        assert_eq!(best_pairs(&[vec![0, 0], vec![0, 2]]), [None, Some(1)]);
        assert!(best_pairs(&[]).is_empty());
        assert_eq!(best_pairs(&[vec![], vec![]]), [None, None]);
    }

    #[test]
    fn it_finds_what_trying_everything_finds() {
        let mut state = 7_u64;
        for _ in 0..200 {
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % 50
            };
            let values: Vec<Vec<u64>> = (0..4).map(|_| (0..4).map(|_| next()).collect()).collect();
            let found: u64 = best_pairs(&values)
                .iter()
                .zip(&values)
                .filter_map(|(column, row)| column.map(|column| row[column]))
                .sum();
            assert_eq!(found, best_of_all(&values, 0, 0), "{values:?}");
        }
    }

    fn best_of_all(values: &[Vec<u64>], row: usize, used: u32) -> u64 {
        let Some(this) = values.get(row) else { return 0 };
        let free = (0..this.len()).filter(|column| used & (1 << column) == 0);
        free.map(|column| this[column] + best_of_all(values, row + 1, used | 1 << column)).max().unwrap_or(0)
    }
}
