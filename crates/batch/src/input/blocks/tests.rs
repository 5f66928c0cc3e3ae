//! Streams cut into blocks, against what they should be.

use proptest::prelude::*;

use super::cutter::Cutter;
use super::*;

fn blocks(size: usize) -> Blocks {
    let separator = Separator::Text { end: b"\n".to_vec(), start: Vec::new() };
    Blocks { size, separator, records: None, lines: None, header: None, bare: false, named: false }
}

/// An input, how it is cut, and into what.
type Case = (&'static [u8], Blocks, &'static [&'static [u8]]);

fn cut(input: &[u8], blocks: Blocks) -> Vec<Vec<u8>> {
    let mut cutter = Cutter::new(input, blocks);
    let mut all = Vec::new();
    while let Some(block) = cutter.next().expect("memory can be read") {
        all.push(block.to_vec());
    }
    all
}

#[test]
fn blocks_end_with_records() {
    let begun = |start: &[u8]| Separator::Text { end: Vec::new(), start: start.to_vec() };
    let table: [Case; 10] = [
        (b">a>b>c", Blocks { separator: begun(b">"), records: Some(2), ..blocks(1) }, &[b">a>b", b">c"]),
        (b"<<a<<b<<c", Blocks { separator: begun(b"<<"), records: Some(1), ..blocks(1) }, &[b"<<a", b"<<b", b"<<c"]),
        (b"", blocks(4), &[]),
        (b"a\nb\nc\n", blocks(5), &[b"a\nb\n", b"c\n"]),
        (b"a\nb\nc", blocks(1), &[b"a\n", b"b\n", b"c"]),
        (b"a long record\nb\n", blocks(3), &[b"a long record\n", b"b\n"]),
        (b"1\n2\n3\n4\n5", Blocks { records: Some(2), ..blocks(3) }, &[b"1\n2\n", b"3\n4\n", b"5"]),
        (b"1\n2\n3\n4\n5\n", Blocks { lines: Some(2), ..blocks(99) }, &[b"1\n2\n3\n4\n", b"5\n"]),
        (b"1\n2\n3\n", Blocks { records: Some(1), lines: Some(2), ..blocks(9) }, &[b"1\n2\n", b"3\n"]),
        (b"\n\na", Blocks { records: Some(1), ..blocks(1) }, &[b"\n", b"\n", b"a"]),
    ];
    for (input, blocks, expected) in table {
        assert_eq!(cut(input, blocks.clone()), expected, "{input:?} {blocks:?}");
    }
}

#[test]
fn what_belongs_together_stays_together() {
    let between = Regex::new(",").expect("an expression");
    let groups = |column| Separator::Groups(Box::new(Groups { between: between.clone(), column }));
    let pattern = Column::Pattern(Regex::new("[a-z]").expect("an expression"));
    let (first, size) = (|| Column::Number(1), 9);
    let table: [Case; 4] = [
        (
            b"a,1\na,2\nb,3",
            Blocks { separator: groups(first()), records: Some(1), ..blocks(1) },
            &[b"a,1\na,2\n", b"b,3"],
        ),
        (
            b"a,1\na,2\na,3\nb,3\n",
            Blocks { separator: groups(first()), ..blocks(size) },
            &[b"a,1\na,2\na,3\n", b"b,3\n"],
        ),
        (
            b"a,1\nb,2\nb,3\nc,3\n",
            Blocks { separator: groups(Column::Number(2)), ..blocks(13) },
            &[b"a,1\nb,2\n", b"b,3\nc,3\n"],
        ),
        (
            b"1a\n2a\n2b\n",
            Blocks { separator: groups(pattern), records: Some(1), ..blocks(99) },
            &[b"1a\n2a\n", b"2b\n"],
        ),
    ];
    for (input, blocks, expected) in table {
        assert_eq!(cut(input, blocks.clone()), expected, "{input:?} {blocks:?}");
    }
}

#[test]
fn a_header_is_taken_off() {
    for (header, input, head, rest) in [
        ("\\A(?:.*\n)", &b"h\na\nb\n"[..], &b"h\n"[..], &b"a\nb\n"[..]),
        ("\\A(?:.*\n){2}", b"h\ni\nb\n", b"h\ni\n", b"b\n"),
        ("\\A(?:#.*\n)*", b"a\nb\n", b"", b"a\nb\n"),
    ] {
        let header = Some(Regex::new(header).expect("an expression"));
        let mut cutter = Cutter::new(input, Blocks { header, ..blocks(2) });
        assert_eq!(cutter.header().expect("memory"), head);
        let mut left = Vec::new();
        while let Some(block) = cutter.next().expect("memory") {
            left.extend_from_slice(block);
        }
        assert_eq!(left, rest);
    }
}

proptest! {
    /// Nothing is lost or changed, and only the last block may end within a record; by number, each has its number.
    #[test]
    fn blocks_are_the_stream(
        input in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'-'), Just(b'\n')], 0..300),
        size in 1usize..40,
        (end, start) in prop_oneof![Just(("\n", "")), Just(("--", "")), Just(("-", "\n")), Just(("", "a"))],
        records in proptest::option::of(1u64..5),
    ) {
        let separator = Separator::Text { end: end.into(), start: start.into() };
        let cut = cut(&input, Blocks { separator, records, ..blocks(size) });
        prop_assert_eq!(cut.concat(), input);
        for block in cut.iter().rev().skip(1) {
            prop_assert!(block.ends_with(end.as_bytes()));
            if let (Some(records), "") = (records, start) {
                prop_assert_eq!(memchr::memmem::find_iter(block, end).count() as u64, records);
            }
        }
    }
}
