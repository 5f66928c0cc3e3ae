//! Job files: several jobs in TOML, some of which wait for others.
//!
//! ```text
//!  file ─► document ─► drafts, one a [[job]] ─► who waits for whom ─► flags of each ─► Workflow
//!                      keys and types           names, circles       as if typed
//! ```
//! A job's keys are those of `draft.rs`, and the flags of `ganger run` that concern one command: they go through the same
//! parser as the command line's, and what was typed there beside `--file` holds for all jobs that do not say otherwise.

mod draft;
mod inputs;
mod steps;

use std::collections::HashMap;
use std::path::Path;

use clap::{ArgMatches, Command};
use ganger_batch::{Control, Cycle, Graph, Workflow};

use crate::flags::RunFlags;
use crate::plan::{self, PlanError};
use crate::toml::{Document, Fault, nearest};

use draft::Draft;

/// Makes a workflow of a job file, and of what was typed beside it.
pub(crate) fn workflow(flags: RunFlags, command: &Command, matches: &ArgMatches) -> Result<Workflow, PlanError> {
    let document = Document::read(flags.file.as_deref().unwrap_or(Path::new("")))?;
    let drafts = draft::drafts(&document, command)?;
    let graph = graph(&document, &drafts)?;
    let jobs = steps::jobs(drafts, command, matches)?;
    let plan::Frame { slots, halt, delay, output, verbose, record, sandbox, throttle, values, pinned } =
        plan::frame(flags)?;
    Ok(Workflow {
        jobs,
        graph,
        slots,
        halt,
        delay,
        output,
        verbose,
        record,
        sandbox,
        throttle,
        values,
        pinned,
        control: Control::default(),
    })
}

/// Who waits for whom, in the language of Graphviz. Names have nothing in them that it would take for its own.
pub(crate) fn picture(workflow: &Workflow) -> String {
    let name = |job: usize| workflow.jobs[job].name.as_deref().unwrap_or_default();
    let order = workflow.graph.order();
    let nodes = order.iter().map(|&job| format!("  \"{}\";\n", name(job)));
    let edge = |job: usize| move |&first: &usize| format!("  \"{}\" -> \"{}\";\n", name(first), name(job));
    let edges = order.iter().flat_map(|&job| workflow.graph.before(job).iter().map(edge(job)));
    format!("digraph jobs {{\n{}{}}}\n", nodes.collect::<String>(), edges.collect::<String>())
}

/// Who waits for whom.
fn graph(document: &Document, drafts: &[Draft]) -> Result<Graph, Fault> {
    let mut places = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        if places.insert(draft.name.as_str(), place).is_some() {
            let why = format!("there is a job `{}` already: names tell jobs apart", draft.name);
            return Err(document.fault(draft.at.clone(), why));
        }
    }
    let before = drafts.iter().map(|draft| earlier(document, draft, &places)).collect::<Result<Vec<_>, _>>()?;
    Graph::new(before).map_err(|cycle| circle(document, drafts, &cycle))
}

fn earlier(document: &Document, draft: &Draft, places: &HashMap<&str, usize>) -> Result<Vec<usize>, Fault> {
    let find = |(name, at): &(String, std::ops::Range<usize>)| {
        places.get(name.as_str()).copied().ok_or_else(|| {
            let known = places.keys().map(|&name| name.to_owned());
            document.fault(at.clone(), format!("there is no job `{name}` to wait for{}", nearest(name, known)))
        })
    };
    draft.after.iter().map(find).collect()
}

fn circle(document: &Document, drafts: &[Draft], Cycle(way): &Cycle) -> Fault {
    let names: Vec<&str> = way.iter().map(|&job| drafts[job].name.as_str()).collect();
    let at = way.first().and_then(|&first| drafts[first].after.first()).map_or(0..0, |(_, at)| at.clone());
    document.fault(at, format!("none of these could ever begin, as each waits for the next: {}", names.join(" → ")))
}
