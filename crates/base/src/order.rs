//! Sorting for little code: the standard library's is a few kilobytes for each type that is sorted.
//!
//! Invariant: the order is that of the keys; of equal keys none is before the other, so a key tells all items apart.

/// Gaps that shrink to 1 (Ciura 2001): a list that is mostly in order takes as many steps as it has items.
const GAPS: [usize; 8] = [701, 301, 132, 57, 23, 10, 4, 1];

/// Sorts by what `is_before` says of two items (Shell's sort).
pub fn sort<T>(items: &mut [T], is_before: impl Fn(&T, &T) -> bool) {
    for gap in GAPS {
        for start in gap..items.len() {
            let mut at = start;
            while let Some(before) = at.checked_sub(gap)
                && let (Some(one), Some(other)) = (items.get(at), items.get(before))
                && is_before(one, other)
            {
                items.swap(at, before);
                at = before;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_list_is_sorted() {
        let mut seed: u32 = 1;
        for length in [0, 1, 2, 3, 10, 100, 1000, 3000] {
            let mut items: Vec<(u32, usize)> = (0..length)
                .map(|at| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 28, at)
                })
                .collect();
            let mut sorted = items.clone();
            sorted.sort_unstable();
            sort(&mut items, |one, other| one < other);
            assert_eq!(items, sorted);
        }
    }
}
