//! A job whose tasks call a function of its queue's worker program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use crate::driver::MANY;

/// What a client says of a call.
pub(super) struct Called {
    pub(super) function: String,
    pub(super) signature: Option<String>,
    pub(super) many: bool,
    pub(super) args: Option<Vec<String>>,
}

/// A job's words, and its tasks'.
type Words = (Vec<Vec<u8>>, Vec<Vec<Vec<u8>>>);

/// How long a function's name, and its type, may be.
const NAME: usize = 4096;

impl Called {
    /// The words that the queue's workers are told: the function, its type, how it is called; of each task its arguments.
    pub(super) fn words(self) -> Result<Words, Problem> {
        let Self { function, signature, many, args } = self;
        let signature = signature.unwrap_or_default();
        for (field, text) in [("function", &function), ("signature", &signature)] {
            if text.len() > NAME || text.contains(char::is_control) {
                return Err(Problem::invalid(format!("`{field}`: at most {NAME} bytes, and no control characters")));
            }
        }
        let args =
            args.ok_or_else(|| Problem::invalid("`function` without `args`: give those of each task, in base64"))?;
        let decoded = |(at, args): (usize, &String)| match STANDARD.decode(args) {
            Ok(args) => Ok(vec![args]),
            Err(error) => Err(Problem::invalid(format!("`args[{at}]` is no base64: {error}"))),
        };
        let tasks = args.iter().enumerate().map(decoded).collect::<Result<_, _>>()?;
        let way = if many { MANY } else { "" };
        Ok(([function.as_str(), &signature, way].map(|word| word.as_bytes().to_vec()).into(), tasks))
    }
}
