// Medians, because a shared machine disturbs some turns and not others.

export const sorted = (values) => [...values].sort((a, b) => a - b);

/** The value below which this part of them lies. */
export function quantile(values, part) {
  const ordered = sorted(values);
  return ordered[Math.min(ordered.length - 1, Math.floor(part * ordered.length))];
}

/** The middle, the middle half around it, and where the middle of many more values would lie (95 % sure). */
export function summary(values) {
  const ordered = sorted(values);
  const middle = ordered.length / 2;
  const median = (ordered[Math.ceil(middle) - 1] + ordered[Math.floor(middle)]) / 2;
  return { median, low: quantile(values, 0.25), high: quantile(values, 0.75), certain: confidence(ordered) };
}

// The ranks between which the true median lies, whatever the distribution: half the values, give or take two
// standard deviations of a fair coin.
/** @returns {[number, number]} */
function confidence(ordered) {
  const { length } = ordered;
  const reach = 0.98 * Math.sqrt(length);
  const at = (rank) => ordered[Math.min(length - 1, Math.max(0, rank))];
  return [at(Math.floor(length / 2 - reach)), at(Math.ceil(length / 2 + reach) - 1)];
}
