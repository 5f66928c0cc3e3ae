//! How long something takes, and what is told of it.

use std::error::Error;
use std::time::Instant;

/// How often a rate is taken; its median is told.
const TIMES: usize = 3;

/// Seconds that one run takes.
pub(crate) fn seconds<E>(run: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let begun = Instant::now();
    run()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The median of three runs of `count` each, as so many a second.
pub(crate) fn rate(count: u64, run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    Ok(count as f64 / median_seconds(TIMES, run)?)
}

/// The median of so many runs.
pub(crate) fn median_seconds<E>(times: usize, mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut took = (0..times).map(|_| seconds(&mut run)).collect::<Result<Vec<_>, E>>()?;
    Ok(quantile(&mut took, 0.5))
}

/// What that share of the samples is not above; of an even number, the upper median.
pub(crate) fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let at = (samples.len() as f64 * share) as usize;
    samples.get(at.min(samples.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_of_the_sorted_samples() {
        let mut samples = [3.0, 1.0, 2.0, 5.0, 4.0];
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| quantile(&mut samples, share)), [1.0, 3.0, 5.0, 5.0]);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
