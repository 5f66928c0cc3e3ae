//! Results as rows.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use ganger::Stream;

use super::escape::{Doubled, Escape, Json};
use super::{Format, Row, failed};
use crate::error::Error;
use crate::record::joblog;
use crate::spill::{Spill, Spool};

/// A row up to so many bytes is written at once.
const AT_ONCE: usize = 1 << 20;

/// A table that is being written.
pub(in crate::record) struct Table {
    format: Format,
    path: Option<PathBuf>,
    file: Arc<File>,
    /// Whether it has its first line.
    begun: bool,
    spill: Spill,
    row: Vec<u8>,
}

impl Table {
    /// A file that is gone on with keeps its whole rows; otherwise it is emptied.
    pub(super) fn open(format: Format, path: Option<PathBuf>, file: Arc<File>, goes_on: bool) -> Result<Self, Error> {
        let mut begun = false;
        if let Some(path) = &path {
            let kept = if goes_on { whole_rows(&file, format).map_err(failed(path))? } else { 0 };
            file.set_len(kept).map_err(failed(path))?;
            begun = kept > 0;
        }
        Ok(Self { format, path, file, begun, spill: Spill::default(), row: Vec::new() })
    }

    pub(super) fn printed(&mut self, rows: &mut [Spool; 2], stream: Stream, bytes: &[u8]) -> Result<(), Error> {
        let [stdout, stderr] = rows;
        let spool = match stream {
            Stream::Stdout => stdout,
            Stream::Stderr => stderr,
        };
        Ok(self.spill.append(spool, bytes)?)
    }

    pub(super) fn void(&mut self, rows: &mut [Spool; 2]) {
        rows.iter_mut().for_each(|spool| self.spill.clear(spool));
    }

    pub(super) fn ended(&mut self, rows: &mut [Spool; 2], row: &Row<'_>) -> Result<(), Error> {
        let [stdout, stderr] = rows;
        match self.format {
            Format::Separated(separator) => {
                self.separated(separator, row);
                self.output(&[separator, b'"'], stdout, Doubled)?;
                self.output(&[b'"', separator, b'"'], stderr, Doubled)?;
                self.row.extend(b"\"\n");
            }
            Format::Json => {
                self.json(row);
                self.output(b", \"Stdout\": \"", stdout, Json::default())?;
                self.output(b"\", \"Stderr\": \"", stderr, Json::default())?;
                self.row.extend(b"\" }\n");
            }
        }
        self.pass_on()
    }

    fn separated(&mut self, separator: u8, row: &Row<'_>) {
        let between = |names: Vec<String>| names.join(str::from_utf8(&[separator]).unwrap_or(","));
        if !std::mem::replace(&mut self.begun, true) {
            let mut names = COLUMNS.map(str::to_owned).to_vec();
            names.extend((1..=row.task.args.len()).map(|number| format!("V{number}")));
            names.extend(["Stdout".to_owned(), "Stderr".to_owned()]);
            self.row.extend(between(names).bytes());
            self.row.push(b'\n');
        }
        self.row.extend(between(row.numbers().to_vec()).bytes());
        let command = row.work.line(row.task);
        for value in std::iter::once(command.as_slice()).chain(row.task.args.iter()) {
            self.row.push(separator);
            quoted(value, separator, &mut self.row);
        }
    }

    fn json(&mut self, row: &Row<'_>) {
        for (at, (name, value)) in COLUMNS.iter().zip(row.numbers()).enumerate() {
            let (open, mark) = (if at == 0 { "{ " } else { ", " }, if *name == "Host" { "\"" } else { "" });
            self.row.extend(format!("{open}\"{name}\": {mark}{value}{mark}").bytes());
        }
        self.row.extend(b", \"Command\": ");
        self.row.extend(text(&row.work.line(row.task)).bytes());
        let values: Vec<String> = row.task.args.iter().map(text).collect();
        self.row.extend(format!(", \"V\": [ {} ]", values.join(",")).bytes());
    }

    fn output(&mut self, before: &[u8], spool: &mut Spool, mut escape: impl Escape) -> Result<(), Error> {
        self.row.extend_from_slice(before);
        let (row, file) = (&mut self.row, &self.file);
        let passed = self.spill.drain(spool, |bytes| {
            escape.put(bytes, row);
            if row.len() > AT_ONCE {
                (&**file).write_all(row)?;
                row.clear();
            }
            Ok::<_, io::Error>(())
        })?;
        escape.end(&mut self.row);
        passed.map_err(|error| self.failed(error))
    }

    fn pass_on(&mut self) -> Result<(), Error> {
        let written = (&*self.file).write_all(&self.row);
        self.row.clear();
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> Error {
        match &self.path {
            Some(path) => failed(path)(source),
            None => Error::write(Stream::Stdout, source),
        }
    }
}

const COLUMNS: [&str; 9] =
    ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"];

impl Row<'_> {
    /// What stands before the command.
    fn numbers(&self) -> [String; 8] {
        let began = self.times.began.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        let (exit, signal) = joblog::status(self.verdict);
        let sent = self.task.block.as_ref().map_or(0, |block| block.length);
        [
            self.task.number.to_string(),
            ":".to_owned(),
            format!("{began:.3}"),
            format!("{:.3}", self.times.wall.as_secs_f64()),
            sent.to_string(),
            self.stdout.to_string(),
            exit.to_string(),
            signal.to_string(),
        ]
    }
}

fn quoted(value: &[u8], separator: u8, out: &mut Vec<u8>) {
    let needs_quotes = value.iter().any(|byte| [separator, b'"', b'\n', b'\r'].contains(byte));
    if !needs_quotes {
        return out.extend_from_slice(value);
    }
    out.push(b'"');
    Doubled.put(value, out);
    out.push(b'"');
}

/// A value as JSON.
fn text(value: &[u8]) -> String {
    // Text is always JSON.
    serde_json::to_string(&String::from_utf8_lossy(value)).unwrap_or_default()
}

/// How far the whole rows of a file go. One that was killed may have left half of one.
fn whole_rows(file: &File, format: Format) -> io::Result<u64> {
    let (mut at, mut whole, mut within) = (0, 0, false);
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(whole);
        }
        for byte in &buffer[..read] {
            at += 1;
            within ^= *byte == b'"' && format != Format::Json;
            whole = if *byte == b'\n' && !within { at } else { whole };
        }
    }
}
