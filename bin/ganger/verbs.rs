//! One function a verb.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write as _};

use ganger_batch::{Plan, Sinks, Work};

use crate::after;
use crate::flags::{RunFlags, Typed};
use crate::jobfile;
use crate::plan;
use crate::show::{self, Console};
use crate::stdin;

/// `ganger run`: its exit status.
pub(crate) fn run(flags: RunFlags, typed: &Typed) -> Result<u8, Box<dyn Display>> {
    let (dry_run, bar, graph) = (flags.dry_run || flags.graph, flags.output.bar, flags.graph);
    if let (Some(store), false) = (&flags.record.store, dry_run) {
        after::wait(store, &flags.record.after).map_err(boxed)?;
    }
    let workflow = match flags.file.is_some() {
        true => jobfile::workflow(flags, &typed.command, &typed.matches).map_err(boxed)?,
        false => plan::plan(flags).map_err(boxed)?.into(),
    };
    workflow.plans().for_each(explain);
    let stdout = show::stdout().map_err(boxed)?;
    let mut console = Console::new(bar && !dry_run);
    let mut stdout = console.above(stdout, io::stdout().is_terminal());
    let mut stderr = console.above(io::stderr(), true);
    let ran = if graph {
        stdout.write_all(jobfile::picture(&workflow).as_bytes()).map_err(boxed)?;
        return Ok(0);
    } else if dry_run {
        ganger_batch::dry_run(workflow, &mut stdout)
    } else {
        ganger_batch::run(workflow, Sinks { stdout: &mut stdout, stderr: &mut stderr }, &mut console)
    };
    console.finish();
    let summary = ran.map_err(boxed)?;
    show::summary(&summary);
    Ok(summary.exit_code())
}

/// What people should know before anything runs.
fn explain(plan: &Plan) {
    explain_silence(plan);
    warn_of_code(plan);
}

/// Someone who has forgotten `:::` should not wait for ever.
fn explain_silence(plan: &Plan) {
    if plan.input.reads(stdin::NAME) && io::stdin().is_terminal() {
        let what = if plan.runs_its_inputs() { "commands (none was given)" } else { "the inputs" };
        show::message(format_args!("reading {what} from the terminal, one a line; Ctrl-D ends them"));
    }
}

/// Once, before the first input is run.
fn warn_of_code(plan: &Plan) {
    if let Work::Command(template) = &plan.work
        && let Some(found) = template.inputs_as_code()
    {
        show::message(format_args!("warning: {found}"));
    }
}

fn boxed(error: impl Display + 'static) -> Box<dyn Display> {
    Box::new(error)
}
