#![doc = include_str!("../WORKER.md")]

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// The version of this protocol, as a program tells it when it is ready.
pub const PROTOCOL: u32 = 1;

/// The longest line that a program may write, in bytes.
pub const LONGEST_LINE: usize = 64 << 20;

/// A task, as a program reads it.
///
/// ```
/// use ganger_proto::worker::Order;
///
/// let mut line = Vec::new();
/// Order { id: 1, args: &[b"a.png"], attempt: 1, slot: 2 }.write(&mut line);
/// assert_eq!(line, b"{\"id\":1,\"input\":\"a.png\",\"attempt\":1,\"slot\":2}\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The number of its input.
    pub id: u64,
    /// Its input: one as a rule.
    pub args: &'a [&'a [u8]],
    /// Which try at it this is, from 1.
    pub attempt: u32,
    /// The slot of the worker, from 1.
    pub slot: u32,
}

/// The same as it is encoded: one of the four keys has a value.
#[derive(Default, Serialize)]
struct Written<'a> {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args_base64: Option<Vec<String>>,
    attempt: u32,
    slot: u32,
}

impl Order<'_> {
    /// Appends the line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { id, args, attempt, slot } = *self;
        let base = Written { id, attempt, slot, ..Written::default() };
        let texts: Result<Vec<&str>, _> = args.iter().map(|arg| std::str::from_utf8(arg)).collect();
        let written = match (texts, args) {
            (Ok(texts), [_]) => Written { input: texts.first().copied(), ..base },
            (Ok(texts), _) => Written { args: Some(texts), ..base },
            (Err(_), [only]) => Written { input_base64: Some(STANDARD.encode(only)), ..base },
            (Err(_), _) => Written { args_base64: Some(args.iter().map(|arg| STANDARD.encode(arg)).collect()), ..base },
        };
        let encoded = serde_json::to_writer(&mut *out, &written);
        debug_assert!(encoded.is_ok(), "numbers and text go into memory: {encoded:?}");
        out.push(b'\n');
    }
}

/// What a program says with one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It is initialised.
    Ready {
        /// The version that it speaks; ours if it does not say.
        protocol: u32,
    },
    /// A task is done.
    Answer {
        /// Which.
        id: u64,
        /// What is to be printed.
        output: Vec<u8>,
    },
    /// A task failed.
    Failed {
        /// Which.
        id: u64,
        /// Why.
        message: String,
    },
    /// A task has come so far.
    Progress {
        /// Which.
        id: u64,
        /// How far.
        progress: Progress,
    },
    /// Something for the log.
    Log {
        /// How grave it is: a word.
        level: String,
        /// What.
        text: String,
    },
}

/// How far a task has come, by its own word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// From 0 to 1.
    pub share: Option<f64>,
    /// In words.
    pub message: Option<String>,
}

/// Why a line is none that a program may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear(String);

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A line with all keys that it may have.
#[derive(Default, Deserialize)]
struct Line<'a> {
    id: Option<u64>,
    #[serde(borrow, default, deserialize_with = "present")]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    output_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
    progress: Option<f64>,
    message: Option<String>,
    log: Option<String>,
    level: Option<String>,
    ready: Option<bool>,
    protocol: Option<u32>,
}

impl Line<'_> {
    /// Two words for the task's end. An error that is `null` is none, as some languages write all keys they have.
    fn two_answers(&self) -> Option<(&'static str, &'static str)> {
        let has_error = self.error.is_some_and(|error| error.get() != "null");
        match (self.output.is_some(), self.output_base64.is_some(), has_error) {
            (true, true, _) => Some(("output", "output_base64")),
            (true, _, true) => Some(("output", "error")),
            (_, true, true) => Some(("output_base64", "error")),
            (true | false, false, _) | (false, true, false) => None,
        }
    }
}

/// A key that is there has a value, `null` included.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl Said {
    /// Reads a line, without its newline. Nothing in it is believed.
    ///
    /// ```
    /// use ganger_proto::worker::Said;
    ///
    /// let said = Said::parse(br#"{"id":7,"output":[1, 2]}"#);
    /// assert_eq!(said, Ok(Said::Answer { id: 7, output: b"[1, 2]\n".to_vec() }));
    /// assert!(Said::parse(b"done!").is_err());
    /// ```
    ///
    /// # Errors
    /// When it is no JSON object, or says nothing of what a program may say.
    pub fn parse(line: &[u8]) -> Result<Self, Unclear> {
        let read: Line<'_> = serde_json::from_slice(line).map_err(|error| not_read(line, &error))?;
        let id = || read.id.ok_or_else(|| unclear("it has no \"id\" that says which task it is about"));
        if let Some((one, other)) = read.two_answers() {
            return Err(Unclear(format!(
                "it has both \"{one}\" and \"{other}\", and a task is answered by one of them"
            )));
        }
        match read {
            Line { output: Some(value), .. } => Ok(Said::Answer { id: id()?, output: printed(value)? }),
            Line { output_base64: Some(ref text), .. } => {
                Ok(Said::Answer { id: id()?, output: STANDARD.decode(&**text).map_err(|e| unclear(&e.to_string()))? })
            }
            Line { error: Some(value), .. } => Ok(Said::Failed { id: id()?, message: message_of(value) }),
            Line { log: Some(text), level, .. } => {
                Ok(Said::Log { level: level.unwrap_or_else(|| "info".to_owned()), text })
            }
            Line { ready: Some(true), protocol, .. } => Ok(Said::Ready { protocol: protocol.unwrap_or(PROTOCOL) }),
            Line { id: Some(id), progress: share, message, .. } if share.is_some() || message.is_some() => {
                Ok(Said::Progress { id, progress: Progress { share, message } })
            }
            Line { .. } => Err(unclear("it has neither \"output\" nor \"error\" nor any other word of a worker's")),
        }
    }
}

fn unclear(why: &str) -> Unclear {
    Unclear(why.to_owned())
}

fn not_read(line: &[u8], error: &serde_json::Error) -> Unclear {
    let is_object = line.trim_ascii_start().starts_with(b"{");
    if error.is_data() && is_object { Unclear(error.to_string()) } else { unclear("it is no JSON object") }
}

/// An output as it is printed.
fn printed(value: &RawValue) -> Result<Vec<u8>, Unclear> {
    let mut text = match value.get().starts_with('"') {
        true => serde_json::from_str::<String>(value.get()).map_err(|e| Unclear(e.to_string()))?.into_bytes(),
        false => value.get().as_bytes().to_vec(),
    };
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    Ok(text)
}

/// An error's text: what it is, or what its `message` says.
fn message_of(value: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Object {
        message: String,
    }
    let text = serde_json::from_str::<String>(value.get());
    let message = || serde_json::from_str::<Object>(value.get()).map(|object| object.message);
    let said = text.or_else(|_| message()).unwrap_or_else(|_| value.get().to_owned());
    if said.trim().is_empty() { "an error without a text".to_owned() } else { said }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
