//! The arguments of a task, as bytes.

use std::cell::RefCell;

use ganger_proto::codec;
use smallvec::SmallVec;

use crate::error::Error;
use crate::task::Portable;

thread_local! {
    /// Where arguments are encoded, so that short ones need no memory of their own. Not there at a thread's end.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn encoded<A: Portable>(args: &A, limit: u64) -> Result<SmallVec<[u8; 16]>, Error> {
    let mut scratch = SCRATCH.try_with(RefCell::take).unwrap_or_default();
    scratch.clear();
    codec::encode_into(args, &mut scratch, limit)?;
    if scratch.len() > 16 {
        return Ok(SmallVec::from_vec(scratch));
    }
    let short = SmallVec::from_slice(&scratch);
    let _ = SCRATCH.try_with(|place| place.replace(scratch));
    Ok(short)
}
