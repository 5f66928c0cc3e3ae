//! What `ps` and `top` call our processes.
//!
//! | | name, at most 15 bytes | command line |
//! |---|---|---|
//! | zygote | `ganger-zygote` | `ganger: zygote of pool NAME` |
//! | `Process` of that name | `ganger-NAME` | `ganger: NAME` |
//! | worker in slot 3 | `ganger-NAME-3` | `ganger: worker NAME-3` |
//!
//! A command line is given when a program is executed. One that was forked writes over its zygote's, which is the longer.

use std::ffi::CString;

use ganger_sys::setup;

/// What both command lines begin with.
const OURS: &str = "ganger: ";

/// As much as the kernel keeps of a name.
const LONGEST: usize = 15;

/// The command line of a pool's zygote.
pub(crate) fn of_zygote(pool: &str) -> String {
    format!("{OURS}zygote of pool {pool}")
}

/// The command line of a worker.
pub(crate) fn of_worker(pool: &str, slot: u32) -> String {
    format!("{OURS}worker {}", worker(pool, slot))
}

/// The command line of a process that is one call.
pub(crate) fn of_process(name: &str) -> String {
    format!("{OURS}{name}")
}

/// What logs call a worker.
pub(crate) fn worker(pool: &str, slot: u32) -> String {
    format!("{pool}-{slot}")
}

/// The name of a worker: of a long pool's name its beginning, as the slot is what tells workers apart.
pub(crate) fn name(pool: &str, slot: u32) -> String {
    let slot = format!("-{slot}");
    let room = LONGEST.saturating_sub("ganger-".len() + slot.len());
    format!("ganger-{}{slot}", &pool[..pool.floor_char_boundary(room)])
}

/// This process is a zygote.
pub(crate) fn be_zygote() {
    show("ganger-zygote".to_owned());
}

/// This process is a worker.
pub(crate) fn be_worker(pool: &str, slot: u32) {
    show(name(pool, slot));
    setup::retitle(OURS, &of_worker(pool, slot));
}

/// This process is one call.
pub(crate) fn be_process(name: &str) {
    show(format!("ganger-{name}"));
    setup::retitle(OURS, &of_process(name));
}

fn show(name: String) {
    // It works as well under another name.
    let _ = CString::new(name).map(|name| setup::set_name(&name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_and_keeps_the_slot() {
        assert_eq!(name("run", 12), "ganger-run-12");
        assert_eq!(name("surveyors", 3), "ganger-survey-3");
        assert_eq!(name("ääääää", 10), "ganger-ää-10");
        assert_eq!(name("pool", 123_456_789), "ganger--123456789");
    }

    #[test]
    fn a_workers_command_line_fits_into_its_zygotes() {
        assert!(of_worker("pool", 9_999_999).len() <= of_zygote("pool").len());
    }
}
