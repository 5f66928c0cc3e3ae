//! `ganger forget` of a service's jobs.

use super::AskError;
use super::service::Service;
use crate::flags::look::ForgetFlags;

/// One after the other: the first that is refused ends it.
pub(super) fn forget(flags: &ForgetFlags) -> Result<u8, AskError> {
    let of_store =
        [("--older-than", flags.older_than.is_some()), ("--keep", flags.keep.is_some()), ("--json", flags.store.json)];
    if let Some((flag, _)) = of_store.into_iter().find(|(_, given)| *given) {
        return Err(AskError::OfStore { flag });
    }
    let number = |text: &String| text.parse().map_err(|_| AskError::NoNumber { text: text.clone() });
    let jobs = flags.jobs.iter().map(number).collect::<Result<Vec<u64>, _>>()?;
    let mut service = Service::open(&flags.door)?;
    jobs.iter().try_for_each(|job| service.delete(&format!("/v1/jobs/{job}")).map(drop))?;
    Ok(0)
}
