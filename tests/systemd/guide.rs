//! The guide's chapter for operators: its commands for root, as they stand there, in a systemd of their own.

use super::container::Container;
use crate::guide::run_by;

#[test]
fn the_chapter_of_systemd() {
    let Some(container) = Container::boot("the_chapter_of_systemd") else { return };
    run_by("serve/systemd.md", "sh root", |script| container.run(&["bash", "-c", script]));
}
