//! One figure: a line of JSON on standard output.

use std::io::{Write, stdout};

use serde::Serialize;
use serde_json::{Map, Value};

/// What was measured of one system in one workload.
#[derive(Serialize)]
pub(crate) struct Figure<'a> {
    workload: &'a str,
    /// Begins with `ganger`, unless it is a limit of the machine.
    system: &'a str,
    value: f64,
    /// As `scripts/peers` prints it: the two are compared.
    unit: &'a str,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl<'a> Figure<'a> {
    pub(crate) fn new(workload: &'a str, system: &'a str, value: f64, unit: &'a str) -> Self {
        Self { workload, system, value: rounded(value), unit, more: Map::new() }
    }

    /// What else is to be known of it.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.more.insert(key.to_owned(), if value.is_f64() { value.as_f64().map(rounded).into() } else { value });
        self
    }

    /// Prints it at once: what is measured after it may fail, or be ended.
    pub(crate) fn print(self) -> std::io::Result<()> {
        let mut out = stdout().lock();
        serde_json::to_writer(&mut out, &self)?;
        writeln!(out)?;
        out.flush()
    }
}

/// To four significant digits: the machine gives no more.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if digits > 0 { (value * 10f64.powi(digits)).round() / 10f64.powi(digits) } else { value.round() }
}

/// Says something that is no figure.
#[expect(clippy::print_stderr, reason = "standard output holds the figures alone")]
pub(crate) fn tell(what: &str) {
    eprintln!("ganger-bench: {what}");
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn figures_keep_what_the_machine_can_tell() {
        assert_eq!([0.0, 0.012_345, 2.54321, 2_345_678.4].map(rounded), [0.0, 0.012_35, 2.543, 2_345_678.0]);
    }
}
