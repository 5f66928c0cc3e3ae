//! `map`: what an item costs when the pool packs items into tasks as it likes.

use crate::figure::Figure;
use crate::{Measured, gang, tasks, timing};

const ITEMS: u64 = 20_000_000;

pub(crate) fn measure() -> Measured {
    let pool = gang::ready(gang::builder(2))?;
    let rate = timing::rate(ITEMS, || {
        let results = pool.map(tasks::noop, 0..ITEMS)?;
        assert!(results.into_iter().eq(0..ITEMS), "a result in another's place");
        Ok(())
    })?;
    Figure::new("map", "ganger zygote map(default chunks)", rate, "tasks/s").with("workers", 2).print()?;
    Ok(())
}
