use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use super::*;

fn stream(reader: impl Read + Send + 'static, delimiter: u8) -> Source {
    Source::open(Input::Stream { name: "the list".to_owned(), reader: Box::new(reader), delimiter })
}

/// All that comes, and the error that ends it.
fn all(mut source: Source) -> (Vec<String>, Option<String>) {
    source.gather();
    let mut values = Vec::new();
    loop {
        match source.next() {
            Ok(Next::Task(task)) => {
                assert_eq!(task.number, values.len() as u64 + 1);
                values.push(String::from_utf8_lossy(&task.value).into_owned());
            }
            Ok(Next::End) => return (values, None),
            Ok(Next::NotYet) => panic!("all was gathered"),
            Err(error) => return (values, Some(error.to_string())),
        }
    }
}

#[test]
fn records_end_with_their_delimiter() {
    let table: [(&str, u8, &[&str]); 7] = [
        ("a\nb\n", b'\n', &["a", "b"]),
        ("a\nb", b'\n', &["a", "b"]),
        ("", b'\n', &[]),
        ("\n", b'\n', &[""]),
        ("a\n\nb", b'\n', &["a", "", "b"]),
        ("a\nb\0c d\0", 0, &["a\nb", "c d"]),
        ("a\r\n", b'\n', &["a\r"]),
    ];
    for (text, delimiter, wanted) in table {
        let (values, error) = all(stream(text.as_bytes(), delimiter));
        assert_eq!(values, wanted, "{text:?}");
        assert_eq!(error, None);
    }
}

#[test]
fn arguments_are_inputs() {
    let source = Source::open(Input::Arguments(vec!["a".into(), "".into(), "b c".into()]));
    assert_eq!(source.total(), Some(3));
    assert_eq!(all(source).0, ["a", "", "b c"]);
}

#[test]
fn what_cannot_be_an_argument_is_told_after_what_can() {
    let (values, error) = all(stream(&b"a\nb\0c\nd"[..], b'\n'));
    assert_eq!(values, ["a"]);
    assert!(error.is_some_and(|e| e.contains("input 2 of the list") && e.contains("-0")));

    let (values, error) = all(stream(b"a\n".chain(io::repeat(b'x')), b'\n'));
    assert_eq!(values, ["a"]);
    assert!(error.is_some_and(|e| e.contains("input 2 of the list") && e.contains("longer")));
}

#[test]
fn the_longest_argument_is_one() {
    let longest = vec![b'x'; LONGEST];
    for text in [longest.clone(), [&longest[..], b"\n"].concat()] {
        let (values, error) = all(stream(io::Cursor::new(text), b'\n'));
        assert_eq!((values.len(), error), (1, None));
    }
    assert!(all(stream(io::Cursor::new(vec![b'x'; LONGEST + 1]), b'\n')).1.is_some());
}

/// A stream that has only what it is sent.
struct Pipe(std::sync::mpsc::Receiver<Vec<u8>>);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.recv().unwrap_or_default();
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

fn pipe() -> (Sender<Vec<u8>>, Source) {
    let (sender, receiver) = channel();
    (sender, stream(Pipe(receiver), b'\n'))
}

fn eventually_next(source: &mut Source) -> Next {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match source.next().expect("no error") {
            Next::NotYet => assert!(Instant::now() < deadline, "nothing came"),
            next @ (Next::Task(_) | Next::End) => return next,
        }
        source.wait(Duration::from_millis(100));
    }
}

#[test]
fn a_record_that_has_come_is_not_held_back() {
    let (sender, mut source) = pipe();
    assert!(matches!(source.next(), Ok(Next::NotYet)));
    sender.send(b"a\n".to_vec()).expect("a reader");
    assert!(matches!(eventually_next(&mut source), Next::Task(task) if task.value == b"a"));
    assert_eq!(source.total(), None);
    drop(sender);
    assert!(matches!(eventually_next(&mut source), Next::End));
    assert_eq!(source.total(), Some(1));
}

#[test]
fn an_endless_stream_is_read_a_little_ahead() {
    struct Count(std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl Read for Count {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.fetch_add(buffer.len(), std::sync::atomic::Ordering::Relaxed);
            buffer.fill(b'\n');
            Ok(buffer.len())
        }
    }
    let read = std::sync::Arc::default();
    let mut source = stream(Count(std::sync::Arc::clone(&read)), b'\n');
    for _ in 0..10_000 {
        assert!(matches!(eventually_next(&mut source), Next::Task(_)));
    }
    assert!(read.load(std::sync::atomic::Ordering::Relaxed) < 10_000 + 8 * BATCH_BYTES);
}

#[test]
fn shuffling_keeps_every_input_once() {
    let numbers: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let mut source = Source::open(Input::Arguments(numbers.iter().map(OsString::from).collect()));
    source.shuffle();
    let (mut values, _) = all(source);
    assert_ne!(values, numbers);
    values.sort_by_key(|value| value.parse::<u32>().expect("a number"));
    assert_eq!(values, numbers);
}

#[test]
fn a_failed_read_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let error = all(stream(Broken, b'\n')).1.expect("an error");
    assert_eq!(error, "failed to read the inputs from the list: the disk is gone");
}
