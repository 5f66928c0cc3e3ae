//! Manual pages: one for ganger, and one for each of its verbs. What `--help` says below the flags becomes sections.

use clap::Command;
use clap_mangen::Man;
use roff::{Roff, roman};

/// All pages with the names of their files, ganger's own first.
pub(super) fn pages(command: &Command) -> Vec<(String, Vec<u8>)> {
    let mut command = command.clone().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, "ganger", &mut pages);
    pages
}

/// A page, and those of the verbs below.
fn add(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    pages.push(page(command, name));
    let is_told = |verb: &&Command| !verb.is_hide_set() && verb.get_name() != "help";
    for verb in command.get_subcommands().filter(is_told) {
        add(verb, &format!("{name}-{}", verb.get_name()), pages);
    }
}

fn page(command: &Command, name: &str) -> (String, Vec<u8>) {
    // The name of a verb's page is not that of the verb.
    let titled = command.clone().display_name(name.to_owned());
    let man = Man::new(titled).title(name.to_uppercase()).source(source()).manual("Ganger");
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = render(&man, command, &mut page);
    (format!("{name}.1"), page)
}

fn source() -> String {
    format!("ganger {}", env!("CARGO_PKG_VERSION"))
}

fn render(man: &Man, command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(page)?;
    }
    let below = command.get_after_long_help().or(command.get_after_help());
    sections(&below.map(ToString::to_string).unwrap_or_default()).to_writer(page)
}

/// What stands below the flags: a line that is not indented and ends with a colon begins a section. It was set by hand, and
/// stays as it is.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_suffix(':').filter(|title| !title.starts_with(' ')) {
            Some(title) => {
                close(&mut roff, is_open);
                roff.control("SH", [title.to_uppercase().as_str()]).control("nf", []);
                is_open = true;
            }
            None => _ = roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]),
        }
    }
    close(&mut roff, is_open);
    roff
}

fn close(roff: &mut Roff, is_open: bool) {
    if is_open {
        roff.control("fi", []);
    }
}
