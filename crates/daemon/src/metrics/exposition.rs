//! The text that is told: OpenMetrics to who asks for it, else Prometheus' own format, which every tool reads.

use std::collections::HashSet;

use axum::http::{HeaderMap, header};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of the text, and the text.
pub(super) fn write(registry: &Registry, headers: &HeaderMap) -> (&'static str, String) {
    let mut told = String::new();
    // A string takes everything.
    let _ = text::encode(&mut told, registry);
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/openmetrics-text") { (OPENMETRICS, told) } else { (PROMETHEUS, plain(&told)) }
}

/// OpenMetrics calls a counter `x` and its sample `x_total`; before it, both were `x_total`. Units and the end were not said.
fn plain(told: &str) -> String {
    let counters: HashSet<&str> = told.lines().filter_map(counter).collect();
    let lines = told.lines().filter(|line| !line.starts_with("# UNIT ") && *line != "# EOF");
    lines.fold(String::with_capacity(told.len()), |text, line| text + &renamed(line, &counters) + "\n")
}

fn counter(line: &str) -> Option<&str> {
    line.strip_prefix("# TYPE ")?.strip_suffix(" counter")
}

fn renamed(line: &str, counters: &HashSet<&str>) -> String {
    let mut words = line.splitn(4, ' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
            format!("# {what} {name}_total {rest}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_one_name_in_the_old_format() {
        let told = "# HELP a A sum.\n# TYPE a counter\na_total{q=\"# TYPE\"} 1\n# HELP b_seconds B.\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 2\n# EOF\n";
        let wanted = "# HELP a_total A sum.\n# TYPE a_total counter\na_total{q=\"# TYPE\"} 1\n# HELP b_seconds B.\n# TYPE b_seconds gauge\nb_seconds 2\n";
        assert_eq!(plain(told), wanted);
    }
}
