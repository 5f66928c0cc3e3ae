//! Inputs that commands read: from flags to a source of blocks.

use std::path::{Path, PathBuf};

use ganger_batch::{BlockSize, Blocks, Column, Groups, Input, Join, Regex, Separator, Source};

use super::lists::{self, List};
use super::{PipeError, PlanError};
use crate::flags::{ArgumentFlags, InputFlags, PipeFlags};

/// The default of --block.
const BLOCK: BlockSize = BlockSize::Bytes(1 << 20);

/// What commands read, from these lists; without any, standard input.
pub(super) fn open(
    lists: Vec<(Join, List)>,
    (flags, inputs, arguments): (&PipeFlags, &InputFlags, &ArgumentFlags),
    jobs: usize,
) -> Result<Source, PlanError> {
    let mut files = lists.into_iter().map(|(_, list)| match list {
        List::File(path) => Ok(path),
        List::Arguments(_) => Err(PipeError::Arguments),
    });
    let mut files = files.by_ref().collect::<Result<Vec<PathBuf>, _>>()?;
    let blocks = |size| blocks((flags, inputs, arguments), size);
    let size = flags.block.unwrap_or(BLOCK);
    if flags.pipe_part && files.is_empty() {
        return Err(PipeError::NoPositions { path: crate::stdin::NAME.into() }.into());
    }
    if flags.pipe_part {
        let sized = |path: PathBuf| Ok((absolute(&path)?, blocks(size.bytes(length(&path)?, jobs))?));
        return Ok(Source::of_parts(files.into_iter().map(sized).collect::<Result<_, PlanError>>()?));
    }
    let BlockSize::Bytes(size) = size else { return Err(PipeError::UnknownLength.into()) };
    if files.is_empty() {
        files.push("-".into());
    }
    let inputs: Vec<Input> = files.into_iter().map(|path| lists::input(List::File(path))).collect::<Result<_, _>>()?;
    Ok(Source::of_blocks(inputs, blocks(size)?))
}

/// How long a file is that has positions.
fn length(path: &Path) -> Result<u64, PlanError> {
    let told = |source| PlanError::File { path: path.to_owned(), source };
    let metadata = path.metadata().map_err(told)?;
    match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(PipeError::NoPositions { path: path.to_owned() }.into()),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, PlanError> {
    std::path::absolute(path).map_err(|source| PlanError::File { path: path.to_owned(), source })
}

fn blocks(
    (flags, inputs, arguments): (&PipeFlags, &InputFlags, &ArgumentFlags),
    size: u64,
) -> Result<Blocks, PlanError> {
    Ok(Blocks {
        size: usize::try_from(size).unwrap_or(usize::MAX),
        separator: match &flags.group_by {
            Some(column) => groups(column, inputs).map_err(PipeError::Expression)?,
            None => separator(flags).map_err(PipeError::Expression)?,
        },
        records: arguments.max_replace_args.or(arguments.max_args).map(|records| records.max(1) as u64),
        lines: arguments.max_lines.map(|lines| lines.max(1) as u64),
        header: inputs.header.as_deref().map(header).transpose().map_err(PipeError::Expression)?,
        bare: flags.remove_rec_sep,
        named: flags.cat,
    })
}

fn separator(flags: &PipeFlags) -> Result<Separator, Box<dyn std::error::Error>> {
    let default = if flags.recstart.is_some() { "" } else { "\n" };
    let (end, start) = (flags.recend.as_deref().unwrap_or(default), flags.recstart.as_deref().unwrap_or_default());
    match flags.regexp {
        true => Ok(Separator::pattern(end, start)?),
        false => Ok(Separator::Text { end: unescaped(end), start: unescaped(start) }),
    }
}

fn groups(column: &str, inputs: &InputFlags) -> Result<Separator, Box<dyn std::error::Error>> {
    let between = inputs.colsep.clone().map_or_else(|| Regex::new("[ \\t]+"), Ok)?;
    let column = match column.parse() {
        Ok(number) if number > 0 => Column::Number(number),
        _ if inputs.header.is_some() => Column::Name(column.to_owned()),
        _ => Column::Pattern(Regex::new(column)?),
    };
    Ok(Separator::Groups(Box::new(Groups { between, column })))
}

/// What a header looks like: at the very beginning.
fn header(text: &str) -> Result<Regex, Box<dyn std::error::Error>> {
    let pattern = match (text, text.parse::<u32>()) {
        (":", _) => ".*\n".to_owned(),
        (_, Ok(lines)) => format!("(?:.*\n){{{lines}}}"),
        (_, Err(_)) => text.to_owned(),
    };
    Ok(Regex::new(&format!(r"\A(?-u:{pattern})")).or_else(|_| Regex::new(&format!(r"\A(?:{pattern})")))?)
}

/// Text as printf has it: `\n`, `\t`, `\r`, `\0`, `\\`.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        let (byte, used) = match (first, after.first()) {
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b'0')) => (0, 2),
            (b'\\', Some(quoted @ (b'\\' | b'\'' | b'"'))) => (*quoted, 2),
            (byte, _) => (*byte, 1),
        };
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_written_as_in_printf() {
        assert_eq!(unescaped(r"a\n\t\0\\x\q"), b"a\n\t\0\\x\\q");
        assert_eq!(unescaped("\\"), b"\\");
    }
}
