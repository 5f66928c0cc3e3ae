//! How inputs get into a command: from flags to a grammar and a packing.

use std::borrow::Cow;

use ganger_batch::{Grammar, Packing};

use crate::flags::{ArgumentFlags, InputFlags};

/// Several inputs for one command, if that was asked for.
pub(super) fn packing(flags: &ArgumentFlags, jobs: usize) -> Option<Packing> {
    let most = flags.max_args.or(flags.max_replace_args).or(flags.max_lines);
    let fills = flags.extended || flags.multiple || flags.xargs || flags.max_chars.is_some();
    let shares = flags.extended || flags.multiple || fills && !flags.xargs && most.is_none();
    (most.is_some() || fills).then(|| Packing {
        most: most.map(|most| most.max(1)),
        longest: flags.max_chars.unwrap_or(Packing::LONGEST),
        exact: flags.exit,
        continued: flags.max_lines.is_some(),
        withheld: most == Some(0),
        share: if shares { jobs } else { 1 },
    })
}

/// What replacement strings there are, for so many lists of inputs (if that is known) whose arguments have these names.
pub(super) fn grammar(
    flags: &ArgumentFlags,
    inputs: &InputFlags,
    lists: usize,
    names: Vec<Vec<u8>>,
    packing: Option<&Packing>,
) -> Grammar {
    let has_columns = inputs.colsep.is_some() || inputs.csv;
    let of_a_row = if has_columns { Some(names.len()).filter(|number| *number > 0) } else { Some(lists.max(1)) };
    let width = match packing {
        None => of_a_row,
        Some(_) => flags.max_replace_args.and_then(|most| Some(of_a_row? * most.max(1))),
    };
    Grammar {
        renamed: renamed(flags),
        names,
        width,
        plus: flags.plus,
        repeat_words: packing.is_some() && !flags.multiple && !flags.xargs,
        no_shell: flags.quote,
        append: !packing.is_some_and(|packing| packing.withheld),
        piped: false,
    }
}

/// What replacement strings there are where commands read their inputs: `{}` is the name of a block at most.
pub(super) fn piped(flags: &ArgumentFlags) -> Grammar {
    let (renamed, plus, no_shell) = (renamed(flags), flags.plus, flags.quote);
    Grammar { renamed, plus, no_shell, append: false, piped: true, ..Grammar::default() }
}

fn renamed(flags: &ArgumentFlags) -> Vec<(Cow<'static, str>, Vec<u8>)> {
    let all = [
        ("", &flags.replace),
        (".", &flags.extensionreplace),
        ("/", &flags.basenamereplace),
        ("//", &flags.dirnamereplace),
        ("/.", &flags.basenameextensionreplace),
        ("#", &flags.seqreplace),
        ("%", &flags.slotreplace),
    ];
    let named = all.into_iter().filter_map(|(inside, name)| Some((inside, name.as_ref()?.as_encoded_bytes().to_vec())));
    // Nothing stands for {} where it was called {}; and an empty name would stand everywhere.
    let renamed = named.filter(|(inside, name)| !name.is_empty() && *name != format!("{{{inside}}}").as_bytes());
    renamed.map(|(inside, name)| (inside.into(), name)).collect()
}
