//! One function a verb.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use ganger_batch::{Control, InputsAsCode, Plan, Sinks, Summary, Work, Workflow};
use ganger_daemon::Service;

use crate::after;
use crate::config::{self, Unclear};
use crate::console::Console;
use crate::flags::{Flags, ProgressFlags, RunFlags, ServeFlags, Typed, Verb};
use crate::jobfile;
use crate::plan;
use crate::progress::Face;
use crate::results;
use crate::show;
use crate::stdin;
use crate::tui::{NoTerminal, Tui};

const KEYBOARD_TAKEN: &str = "--tui has the keyboard, so no inputs can be typed: give them after ::: \
    (ganger run --tui COMMAND ::: INPUT...), in a file (-a FILE) or by a pipe";

/// `ganger run`: its exit status.
pub(crate) fn run(flags: RunFlags, typed: &Typed) -> Result<u8, Box<dyn Display>> {
    let _asked_too_early = ganger::Inquiries::claim().map_err(boxed)?;
    tell_of_faults()?;
    let (dry_run, graph, progress) = (flags.dry_run || flags.graph, flags.graph, flags.progress);
    let in_rows = flags.record.results.as_deref().is_some_and(|text| results::format(text).is_some());
    let recorded = flags.record.store.is_some();
    let workflow = workflow(flags, typed, dry_run)?;
    if progress.tui && workflow.plans().any(is_typed) {
        return Err(boxed(KEYBOARD_TAKEN));
    }
    workflow.plans().for_each(explain);
    let mut stdout = show::stdout().map_err(boxed)?;
    if graph {
        return stdout.write_all(jobfile::picture(&workflow).as_bytes()).map(|()| 0).map_err(boxed);
    }
    let mut console = console(progress, dry_run, &workflow.control).map_err(boxed)?;
    let mut stdout = console.above(stdout, io::stdout().is_terminal());
    let ran = match dry_run {
        true => ganger_batch::dry_run(workflow, &mut stdout),
        false => carry_out(workflow, in_rows, &mut stdout, &mut console),
    };
    console.finish();
    let summary = ran.map_err(boxed)?;
    show::summary(&summary, recorded);
    Ok(summary.exit_code())
}

/// What is to be done, when those that it waits for are over.
fn workflow(flags: RunFlags, typed: &Typed, dry_run: bool) -> Result<Workflow, Box<dyn Display>> {
    if let (Some(store), false) = (&flags.record.store, dry_run) {
        after::wait(store, &flags.record.after).map_err(boxed)?;
    }
    match flags.file.is_some() {
        true => jobfile::workflow(flags, &typed.command, &typed.matches).map_err(boxed),
        false => plan::plan(flags).map(Workflow::from).map_err(boxed),
    }
}

/// `in_rows`: what commands print goes into a file, and not to us.
fn carry_out(
    workflow: Workflow,
    in_rows: bool,
    stdout: &mut dyn Write,
    console: &mut Console,
) -> Result<Summary, ganger_batch::Error> {
    let (mut no_stdout, mut no_stderr) = (io::sink(), io::sink());
    let mut stderr = console.above(io::stderr(), io::stderr().is_terminal());
    let sinks = match in_rows {
        true => Sinks { stdout: &mut no_stdout, stderr: &mut no_stderr },
        false => Sinks { stdout, stderr: &mut stderr },
    };
    ganger_batch::run(workflow, sinks, console)
}

/// `ganger serve`: its exit status.
pub(crate) fn serve(flags: ServeFlags) -> Result<u8, Box<dyn Display>> {
    let check = flags.check_config;
    let config = plan::service(flags).map_err(boxed)?;
    if check {
        Service::check(&config).map_err(boxed)?;
        let mut stdout = show::stdout().map_err(boxed)?;
        return stdout.write_all(plan::service_told(&config).as_bytes()).map(|()| 0).map_err(boxed);
    }
    tell_of_faults()?;
    let service = Service::start(config).map_err(boxed)?;
    service.reloading(configured_again).run().map(|()| 0).map_err(boxed)
}

/// The service that the same words ask for now: what they name may say something else.
fn configured_again() -> Result<ganger_daemon::Config, String> {
    match config::parse(std::env::args_os().collect()) {
        Ok((Flags { verb: Verb::Serve(flags) }, _)) => plan::service(flags).map_err(|error| error.to_string()),
        Ok(_) => Err("the words are of another verb".to_owned()),
        Err(Unclear::Typed(error)) => Err(error.to_string()),
        Err(Unclear::Configured(fault)) => Err(fault.to_string()),
    }
}

/// Nobody shall wonder why things break that a test has ordered to.
fn tell_of_faults() -> Result<(), Box<dyn Display>> {
    let ordered = ganger::testing::from_environment().map_err(boxed)?;
    ordered.iter().for_each(|fault| show::message(format_args!("in test, ordered by GANGER_FAULTS: {fault}")));
    Ok(())
}

/// What people should know before anything runs.
fn explain(plan: &Plan) {
    let code = match &plan.work {
        Work::Command(template) => template.inputs_as_code(),
        Work::Program(_) => None,
    };
    explain_inputs(is_typed(plan), plan.runs_its_inputs(), code.as_ref());
}

/// Someone who has forgotten `:::` should not wait for ever; and inputs that become code are told of once, before the first.
pub(crate) fn explain_inputs(typed: bool, runs_its_inputs: bool, code: Option<&InputsAsCode>) {
    if typed {
        let what = if runs_its_inputs { "commands (none was given)" } else { "the inputs" };
        show::message(format_args!("reading {what} from the terminal, one a line; Ctrl-D ends them"));
    }
    if let Some(found) = code {
        show::message(format_args!("warning: {found}"));
    }
}

/// What shows how far it all is; nothing, where nothing runs.
fn console(progress: ProgressFlags, dry_run: bool, control: &Control) -> Result<Console, NoTerminal> {
    let tui = (progress.tui && !dry_run).then(|| Tui::open(control.clone())).transpose()?;
    let face = if dry_run { Face::None } else { Face::of(&progress) };
    Ok(Console::new(face, tui))
}

/// Whether the inputs come from the keyboard.
fn is_typed(plan: &Plan) -> bool {
    plan.input.reads(stdin::NAME) && io::stdin().is_terminal()
}

fn boxed(error: impl Display + 'static) -> Box<dyn Display> {
    Box::new(error)
}
