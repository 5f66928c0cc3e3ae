use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use super::records::BATCH_BYTES;
use std::io;

use super::*;

fn stream(reader: impl Read + Send + 'static, delimiter: u8) -> Source {
    let input = Input::Stream { name: "the list".to_owned(), reader: Box::new(reader) };
    Source::open(vec![(Join::Product, input)], &Reading { delimiter, ..Reading::default() })
}

/// All that comes, and the error that ends it.
fn all(mut source: Source) -> (Vec<String>, Option<String>) {
    source.gather();
    let mut values = Vec::new();
    loop {
        match source.next() {
            Ok(Next::Ready(task)) => {
                assert_eq!(task.number, values.len() as u64 + 1);
                values.push(String::from_utf8_lossy(task.args.joined()).into_owned());
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
    let source = Source::from(Input::Arguments(vec!["a".into(), "".into(), "b c".into()]));
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

fn eventually_next(source: &mut Source) -> Next<Task> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match source.next().expect("no error") {
            Next::NotYet => assert!(Instant::now() < deadline, "nothing came"),
            next @ (Next::Ready(_) | Next::End) => return next,
        }
        source.wait(Duration::from_millis(100));
    }
}

#[test]
fn a_record_that_has_come_is_not_held_back() {
    let (sender, mut source) = pipe();
    assert!(matches!(source.next(), Ok(Next::NotYet)));
    sender.send(b"a\n".to_vec()).expect("a reader");
    assert!(matches!(eventually_next(&mut source), Next::Ready(task) if task.args.joined() == b"a"));
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
        assert!(matches!(eventually_next(&mut source), Next::Ready(_)));
    }
    assert!(read.load(std::sync::atomic::Ordering::Relaxed) < 10_000 + 8 * BATCH_BYTES);
}

#[test]
fn shuffling_keeps_every_input_once() {
    let numbers: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let mut source = Source::from(Input::Arguments(numbers.iter().map(OsString::from).collect()));
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

/// Lists by their inputs, each joined as the mark before it says.
fn lists(text: &str) -> Source {
    let mut lists: Vec<(Join, Vec<OsString>)> = Vec::new();
    for word in text.split_whitespace() {
        match word {
            ":::" => lists.push((Join::Product, Vec::new())),
            ":::+" => lists.push((Join::Linked, Vec::new())),
            "link" => lists.push((Join::Wrapped, Vec::new())),
            input => lists.last_mut().expect("a list").1.push(input.into()),
        }
    }
    Source::open(lists.into_iter().map(|(join, list)| (join, Input::Arguments(list))).collect(), &Reading::default())
}

#[test]
fn lists_are_combined() {
    let table = [
        ("::: a b ::: 1 2 3", "a 1,a 2,a 3,b 1,b 2,b 3"),
        ("::: a b :::+ 1 2 3 ::: X Y", "a 1 X,a 1 Y,b 2 X,b 2 Y"),
        ("::: a b ::: 1 2 :::+ X Y", "a 1 X,a 2 Y,b 1 X,b 2 Y"),
        ("::: a b c link 1 2", "a 1,b 2,c 1"),
        ("::: a link 1 2 3 link x y", "a 1 x,a 2 y,a 3 x"),
        ("::: a b :::", ""),
        ("::: ::: a b", ""),
        ("::: a link", ""),
        ("::: a b c", "a,b,c"),
    ];
    for (text, wanted) in table {
        let mut source = lists(text);
        source.wait_for_first();
        let total = source.total();
        let (tasks, error) = all(source);
        assert_eq!((tasks.join(","), error), (wanted.to_owned(), None), "{text}");
        assert_eq!(total, Some(tasks.len() as u64), "{text}");
    }
}

#[test]
fn the_first_of_several_lists_may_be_endless() {
    let endless = Input::Stream { name: "yes".to_owned(), reader: Box::new(io::repeat(b'\n')) };
    let letters = || Input::Arguments(["a", "b"].map(OsString::from).to_vec());
    for join in [Join::Product, Join::Wrapped] {
        let endless = Input::Stream { name: "yes".to_owned(), reader: Box::new(io::repeat(b'\n')) };
        let mut source = Source::open(vec![(Join::Product, endless), (join, letters())], &Reading::default());
        for at in 0..1000 {
            let wanted: &[u8] = if at % 2 == 0 { b" a" } else { b" b" };
            assert!(matches!(eventually_next(&mut source), Next::Ready(task) if task.args.joined() == wanted));
        }
        assert_eq!(source.total(), None);
    }
    let mut source = Source::open(vec![(Join::Product, endless), (Join::Linked, letters())], &Reading::default());
    source.wait_for_first();
    assert!(all_but_the_rest(&mut source).iter().eq([" a", " b"]));
}

/// What comes until the end, of lists that may go on behind it.
fn all_but_the_rest(source: &mut Source) -> Vec<String> {
    let mut values = Vec::new();
    while let Next::Ready(task) = eventually_next(source) {
        values.push(String::from_utf8_lossy(task.args.joined()).into_owned());
    }
    values
}

#[test]
fn a_list_that_breaks_off_is_told_by_its_name() {
    struct Broken(bool);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("the disk is gone"));
            }
            buffer[..2].copy_from_slice(b"x\n");
            Ok(2)
        }
    }
    let broken = || Input::Stream { name: "broken".to_owned(), reader: Box::new(Broken(false)) };
    let sound = || Input::Arguments(["a", "b"].map(OsString::from).to_vec());
    let (tasks, error) =
        all(Source::open(vec![(Join::Product, broken()), (Join::Product, sound())], &Reading::default()));
    assert_eq!(
        (tasks, error),
        (vec!["x a".into(), "x b".into()], Some("failed to read the inputs from broken: the disk is gone".into()))
    );
    let (tasks, error) =
        all(Source::open(vec![(Join::Product, sound()), (Join::Product, broken())], &Reading::default()));
    assert_eq!((tasks.len(), error), (0, Some("failed to read the inputs from broken: the disk is gone".into())));
}

/// Five bytes for a command, one and its own for an argument.
struct Plain;

impl Measure for Plain {
    fn empty(&self) -> usize {
        5
    }

    fn added(&self, args: &Args, _: usize) -> usize {
        args.iter().map(|value| value.len() + 1).sum()
    }
}

const PACKING: Packing = Packing { most: None, longest: 20, exact: false, continued: false, withheld: false, share: 1 };

#[test]
fn inputs_are_packed() {
    let most = |most| Packing { most: Some(most), ..PACKING };
    let table = [
        (most(2), "::: a b c", "a b|c"),
        (most(1), "::: a b", "a|b"),
        (most(2), "::: a b ::: 1 2", "a 1 a 2|b 1 b 2"),
        (PACKING, "::: aaaa bbbb cccc dddd", "aaaa bbbb cccc|dddd"),
        (most(9), "::: aaaa bbbb cccc dddd", "aaaa bbbb cccc|dddd"),
        (Packing { share: 4, ..PACKING }, "::: 1 2 3 4 5 6 7", "1 2|3 4|5 6|7"),
        (Packing { share: 4, ..PACKING }, "::: 1 2", "1|2"),
        (Packing { withheld: true, ..most(1) }, "::: a b", "|"),
        (PACKING, ":::", ""),
    ];
    for (packing, inputs, wanted) in table {
        let mut source = lists(inputs);
        source.pack(packing, Box::new(Plain));
        let (tasks, error) = all(source);
        assert_eq!((tasks.join("|"), error), (wanted.to_owned(), None), "{inputs}");
    }
}

#[test]
fn what_has_no_room_is_told_after_what_has() {
    let error = |number: u64| {
        let text = InputError::NoRoom { number, length: 22, most: 20 }.to_string();
        assert!(text.contains("(-s)"), "{text}");
        Some(text)
    };
    let mut source = lists("::: a b 1234567890123456 c");
    source.pack(PACKING, Box::new(Plain));
    assert_eq!(all(source), (vec!["a b".to_owned()], error(3)));
    let mut source = lists("::: 12345678 b 12345");
    source.pack(Packing { most: Some(3), exact: true, ..PACKING }, Box::new(Plain));
    assert_eq!(all(source), (vec!["12345678 b".to_owned()], error(3)));
}

#[test]
fn a_blank_at_the_end_goes_on_in_the_next_line() {
    let mut source = stream(&b"a b \nc\n\nd"[..], b'\n');
    source.pack(Packing { most: Some(1), continued: true, ..PACKING }, Box::new(Plain));
    assert_eq!(all(source).0, ["a b c", "", "d"]);
}

#[test]
fn quotes_of_comma_separated_values_may_have_newlines() {
    let csv = |text: &'static str| {
        let input = Input::Stream { name: "the table".to_owned(), reader: Box::new(text.as_bytes()) };
        let reading = Reading { columns: Columns::Csv(b','), ..Reading::default() };
        all(Source::open(vec![(Join::Product, input)], &reading))
    };
    let table: [(&str, &[&str]); 6] = [
        ("a,b\nc,d\n", &["a b", "c d"]),
        ("\"a\nb\",c\nd,\"e\n\n\"\n", &["a\nb c", "d e\n\n"]),
        ("\"a \"\"b\"\"\n\",c\nd", &["a \"b\"\n c", "d"]),
        ("5\" a,x\n6\" b,y\n", &["5\" a x", "6\" b y"]),
        ("a\n\nb", &["a", "", "b"]),
        ("\"\"\n\"\"", &["", ""]),
    ];
    for (text, wanted) in table {
        assert_eq!(csv(text), (wanted.iter().map(|&row| row.to_owned()).collect(), None), "{text:?}");
    }
    for text in ["a\nb,\"c\nd\n", "a\nb,\""] {
        let (rows, error) = csv(text);
        assert_eq!(rows, ["a"]);
        assert!(error.is_some_and(|error| error.contains("input 2 of the table begins a quote")), "{text:?}");
    }
}

#[test]
fn more_combinations_than_can_be_counted_are_begun() {
    let list = || (Join::Product, Input::Arguments((0..10).map(|n| n.to_string().into()).collect()));
    let mut source = Source::open((0..40).map(|_| list()).collect(), &Reading::default());
    source.wait_for_first();
    assert_eq!(source.total(), None);
    for at in 0..1000 {
        let wanted = format!("{at:040}");
        let next = eventually_next(&mut source);
        assert!(matches!(next, Next::Ready(task) if task.args.iter().flatten().eq(wanted.as_bytes())), "{at}");
    }
}
