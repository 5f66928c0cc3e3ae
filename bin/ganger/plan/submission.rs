//! A job for a service: its tasks as words. What they are run by is not here, so no program is looked for.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use ganger_batch::{Args, Expansion, Grammar, InputsAsCode, Template};

use super::{PipeError, PlanError, grammar, lists};
use crate::flags::{ArgumentFlags, InputFlags};
use crate::stdin;

/// What becomes of what was typed.
pub(crate) struct Expanded {
    pub(crate) expansion: Expansion,
    /// Somebody types the inputs.
    pub(crate) typed: bool,
    /// Standard input is read, and nobody said so.
    pub(crate) unasked: bool,
    pub(crate) runs_its_inputs: bool,
    /// Inputs become a part of a script that another shell runs.
    pub(crate) as_code: Option<InputsAsCode>,
}

/// The tasks of what was typed: the same as `ganger run` would run. But where nobody has given any inputs, a command that
/// has no place for one is one task, whereas `run` would ask for some, or have nothing to do.
pub(crate) fn expanded(
    words: Vec<OsString>,
    inputs: &InputFlags,
    arguments: &ArgumentFlags,
) -> Result<Expanded, PlanError> {
    if inputs.header.as_ref().is_some_and(|header| header != ":") {
        return Err(PipeError::Header.into());
    }
    let (command, lists) = lists::split(words, inputs);
    let asks_for_stdin = command.is_empty() || inputs.say_how_to_read() || arguments.packs();
    if lists.is_empty()
        && !asks_for_stdin
        && !stdin::is_redirected()
        && let Some(expansion) = once(&command, arguments, inputs)?
    {
        return Ok(Expanded { expansion, typed: false, unasked: false, runs_its_inputs: false, as_code: None });
    }
    let unasked = lists.is_empty() && !asks_for_stdin;
    let packing = grammar::packing(arguments, ganger::cpu_count());
    let width = lists.len();
    let mut source = lists::open(lists, inputs)?;
    let header = inputs.header.as_ref().map(|_| source.header());
    let names = header.unwrap_or(Ok(Vec::new())).map_err(PlanError::Header)?;
    let grammar = grammar::grammar(arguments, inputs, width, names, packing.as_ref());
    let template = template(&grammar, &command)?;
    Ok(Expanded {
        typed: source.reads(stdin::NAME) && io::stdin().is_terminal(),
        unasked,
        runs_its_inputs: command.is_empty(),
        as_code: template.inputs_as_code(),
        expansion: Expansion::new(template, source, packing, inputs.shuf),
    })
}

/// A command that has no place for an input.
fn once(command: &[OsString], arguments: &ArgumentFlags, inputs: &InputFlags) -> Result<Option<Expansion>, PlanError> {
    let grammar = grammar::grammar(arguments, inputs, 1, Vec::new(), None);
    let template = template(&Grammar { append: false, ..grammar }, command)?;
    let one = || std::iter::once(Args::none()).collect::<ganger_batch::Source>();
    Ok((!template.takes_inputs()).then(|| Expansion::new(template, one(), None, false)))
}

fn template(grammar: &Grammar, command: &[OsString]) -> Result<Template, PlanError> {
    let template = Template::with(grammar, command)?;
    if template.needs_slot() { Err(PlanError::Slot) } else { Ok(template) }
}
