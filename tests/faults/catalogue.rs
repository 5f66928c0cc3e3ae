//! The table and the tests: each row has one or says why not, each test has its row.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults");

/// How many rows there are.
const ROWS: usize = 35;

/// How many may have reasons instead of a test.
const REASONED: usize = 4;

/// A row of the table in `README.md`.
struct Row {
    number: usize,
    held: String,
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let number = cells.next()?.parse().ok()?;
        let held = cells.nth(2)?.to_owned();
        Some(Self { number, held })
    }

    fn is_reasoned(&self) -> bool {
        self.held.starts_with("reasoned: ") && self.held.len() > 30
    }
}

/// The rows that tests are named after.
fn tested() -> BTreeSet<usize> {
    let sources = fs::read_dir(HERE).expect("the tests").flatten().map(|entry| entry.path());
    let texts = sources.filter(|path| path.extension().is_some_and(|end| end == "rs")).map(read);
    let rows = |text: String| {
        let named = text.lines().filter_map(|line| line.strip_prefix("fn f")?.split('_').next()?.parse().ok());
        named.collect::<Vec<usize>>()
    };
    texts.flat_map(rows).collect()
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("a file of text")
}

#[test]
fn each_row_has_a_test_or_a_reason() {
    let table = read(Path::new(HERE).join("README.md"));
    let rows: Vec<Row> = table.lines().filter_map(Row::read).collect();
    assert!(rows.iter().map(|row| row.number).eq(1..=ROWS), "there are {ROWS} rows, in their order");
    let tested = tested();
    let bare: Vec<usize> =
        rows.iter().filter(|row| row.is_reasoned() == tested.contains(&row.number)).map(|row| row.number).collect();
    assert_eq!(bare, [0; 0], "these have neither a test nor a reason, or both");
    assert!(rows.iter().filter(|row| row.is_reasoned()).count() <= REASONED, "too many reasons");
    assert!(tested.iter().all(|row| (1..=ROWS).contains(row)), "a test of no row: {tested:?}");
}
