use super::*;
use crate::input::Args;
use crate::template::Tag;
use Stream::{Stderr, Stdout};

/// What happens to commands: number, then what.
enum Step {
    Piece(u64, Stream, &'static str),
    Void(u64),
    End(u64),
}
use Step::{End, Piece, Void};

fn task(number: u64) -> Task {
    Task::first(number, Args::one(format!("in{number}").into_bytes()))
}

/// What has been written to stdout and stderr after each of the steps.
fn written(layout: Layout, steps: &[Step]) -> (String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut output = Output::new(layout, Sinks { stdout: &mut stdout, stderr: &mut stderr });
    for step in steps {
        match step {
            Piece(number, stream, text) => output.piece(&task(*number), *stream, text.as_bytes()),
            Void(number) => {
                output.void(*number);
                Ok(())
            }
            End(number) => output.end(*number),
        }
        .expect("vectors are writable");
    }
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(stdout), text(stderr))
}

fn layout(style: Style, order: Order, tag: bool) -> Layout {
    Layout { style, order, tag: tag.then_some(Tag::INPUTS) }
}

#[test]
fn a_group_appears_whole_when_its_command_has_ended() {
    let steps = [
        Piece(1, Stdout, "a1\n"),
        Piece(2, Stdout, "b1\n"),
        Piece(1, Stderr, "oh\n"),
        Piece(1, Stdout, "a2"),
        End(2),
        End(1),
        Piece(3, Stdout, "never"),
    ];
    let (stdout, stderr) = written(layout(Style::Grouped, Order::AsFinished, false), &steps);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("b1\na1\na2", "oh\n"));
}

#[test]
fn the_order_of_the_inputs_is_kept() {
    let steps = [Piece(3, Stdout, "c\n"), End(3), Piece(1, Stdout, "a\n"), End(1), Piece(4, Stdout, "d\n"), End(2)];
    let (stdout, _) = written(layout(Style::Grouped, Order::OfInput, false), &steps);
    assert_eq!(stdout, "a\nc\n");
}

#[test]
fn lines_appear_as_they_become_whole() {
    let steps = [Piece(1, Stdout, "a1\na"), Piece(2, Stdout, "b1\n"), Piece(1, Stdout, "2\nx")];
    let (stdout, _) = written(layout(Style::Lines, Order::AsFinished, false), &steps);
    assert_eq!(stdout, "a1\nb1\na2\n");
    let ended = [Piece(1, Stdout, "a"), Piece(1, Stderr, "e"), End(1)];
    assert_eq!(written(layout(Style::Lines, Order::AsFinished, true), &ended), ("in1\ta".into(), "in1\te".into()));
}

#[test]
fn by_lines_and_in_order_the_one_whose_turn_it_is_catches_up() {
    let order = layout(Style::Lines, Order::OfInput, true);
    let mut steps = vec![Piece(2, Stdout, "b1\nb"), Piece(1, Stdout, "a1\n")];
    assert_eq!(written(order.clone(), &steps).0, "in1\ta1\n");
    steps.push(End(1));
    assert_eq!(written(order.clone(), &steps).0, "in1\ta1\nin2\tb1\nin2\tb");
    steps.extend([Piece(2, Stdout, "2\n"), End(2)]);
    assert_eq!(written(order.clone(), &steps).0, "in1\ta1\nin2\tb1\nin2\tb2\n");
}

#[test]
fn every_line_is_tagged() {
    let steps = [Piece(1, Stdout, "x\n\ny"), Piece(1, Stdout, "z\n"), Piece(1, Stderr, "e"), End(1)];
    let (stdout, stderr) = written(layout(Style::Grouped, Order::AsFinished, true), &steps);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("in1\tx\nin1\t\nin1\tyz\n", "in1\te"));
}

#[test]
fn a_failed_attempt_leaves_no_trace() {
    let steps = [Piece(1, Stdout, "no\n"), Piece(1, Stderr, "no\n"), Void(1), Piece(1, Stdout, "yes\n"), End(1)];
    for order in [Order::AsFinished, Order::OfInput] {
        assert_eq!(written(layout(Style::Grouped, order, false), &steps), ("yes\n".into(), String::new()));
    }
}

#[test]
fn what_waits_for_its_turn_is_counted() {
    let (mut stdout, mut stderr) = (io::sink(), io::sink());
    let sinks = Sinks { stdout: &mut stdout, stderr: &mut stderr };
    let mut output = Output::new(layout(Style::Grouped, Order::OfInput, false), sinks);
    assert_eq!(output.held(0), 0);
    output.end(2).expect("a sink");
    assert_eq!(output.held(3), 3);
    output.end(1).expect("a sink");
    assert_eq!(output.held(3), 1);
}

#[test]
fn a_closed_sink_is_told_from_a_full_one() {
    struct Broken(io::ErrorKind);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (kind, closed) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
        let (mut stdout, mut stderr) = (Broken(kind), io::sink());
        let sinks = Sinks { stdout: &mut stdout, stderr: &mut stderr };
        let mut output = Output::new(layout(Style::Lines, Order::AsFinished, false), sinks);
        let error = output.piece(&task(1), Stdout, b"x\n").expect_err("it is broken");
        assert_eq!(error.is_closed_output(), closed);
        assert!(error.to_string().contains("standard output"), "{error}");
    }
}
