//! The guide's chapter for operators: its commands for root, as they stand there, in a systemd of their own.

use std::fs;

use super::container::Container;
use super::package::scripts;
use crate::guide::run_by;

#[test]
fn the_chapter_of_systemd() {
    let Some(container) = Container::boot("the_chapter_of_systemd") else { return };
    // As the package brings it.
    fs::create_dir_all(container.path("etc/ganger")).expect("a directory");
    fs::copy(scripts("systemd/ganger.toml"), container.path("etc/ganger/ganger.toml")).expect("the configuration");
    run_by("serve/systemd.md", "sh root", |script| container.run(&["bash", "-c", script]));
}
