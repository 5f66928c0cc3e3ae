//! The bytes of each message, and those that are none.

use super::*;

const TASK: TaskId = TaskId::new(0x0102, 3);

fn joined((head, body): ([u8; HEAD], &[u8])) -> Vec<u8> {
    [&head[..], body].concat()
}

fn golden(kind: u8, sub: u8, function: u8, id: [u8; 8], attempt: u8, took: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, sub, 0, 0, function, 0, 0, 0];
    bytes.extend(id);
    bytes.extend([attempt, 0, 0, 0, 0, 0, 0, 0, took, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(body);
    bytes
}

fn parts(bytes: &[u8]) -> (&[u8; HEAD], &[u8]) {
    bytes.split_first_chunk().expect("a head")
}

const ID: [u8; 8] = [2, 1, 0, 0, 3, 0, 0, 0];
const NONE: [u8; 8] = [0; 8];

#[test]
fn golden_bytes_to_a_worker() {
    let shared = SharedId::new(0x0102, 3);
    let table = [
        (
            ToWorker::Call { task: TASK, attempt: 2, function: Function(9), args: b"ab" },
            golden(1, 0, 9, ID, 2, 0, b"ab"),
        ),
        (
            ToWorker::Map { task: TASK, attempt: 1, function: Function(9), items: b"ab" },
            golden(2, 0, 9, ID, 1, 0, b"ab"),
        ),
        (ToWorker::Command { task: TASK, attempt: 1, command: b"ls" }, golden(3, 0, 0, ID, 1, 0, b"ls")),
        (ToWorker::Line { task: TASK, attempt: 1, line: b"l" }, golden(8, 0, 0, ID, 1, 0, b"l")),
        (ToWorker::Share { id: shared, value: b"v" }, golden(4, 0, 0, ID, 0, 0, b"v")),
        (ToWorker::Unshare { id: shared }, golden(5, 0, 0, ID, 0, 0, b"")),
        (ToWorker::Retire, golden(6, 0, 0, NONE, 0, 0, b"")),
        (ToWorker::Descriptor { id: shared }, golden(7, 0, 0, ID, 0, 0, b"")),
        (ToWorker::Arm { task: TASK, attempt: 2, fault: b"f" }, golden(9, 0, 0, ID, 2, 0, b"f")),
    ];
    for (message, bytes) in table {
        assert_eq!(joined(message.encode()), bytes, "{message:?}");
        assert_eq!(ToWorker::decode(parts(&bytes).0, parts(&bytes).1).expect("golden"), message);
    }
}

#[test]
fn golden_bytes_from_a_worker() {
    let took = Duration::from_nanos(7);
    let finished = |verdict| FromWorker::Finished { task: TASK, attempt: 1, verdict, took, body: b"r" };
    let output = |stream| FromWorker::Output { task: TASK, stream, bytes: b"o" };
    let table = [
        (FromWorker::Hello { hello: b"h" }, golden(65, 0, 0, NONE, 0, 0, b"h")),
        (FromWorker::Ready, golden(66, 0, 0, NONE, 0, 0, b"")),
        (FromWorker::Hold, golden(75, 0, 0, NONE, 0, 0, b"")),
        (FromWorker::InitFailed { error: b"e" }, golden(67, 0, 0, NONE, 0, 0, b"e")),
        (FromWorker::Descriptor, golden(70, 0, 0, NONE, 0, 0, b"")),
        (FromWorker::StartFailed { error: b"e" }, golden(71, 0, 0, NONE, 0, 0, b"e")),
        (FromWorker::Log { record: b"l" }, golden(72, 0, 0, NONE, 0, 0, b"l")),
        (FromWorker::Progress { task: TASK, progress: b"p" }, golden(73, 0, 0, ID, 0, 0, b"p")),
        (FromWorker::Fault { fault: b"f" }, golden(74, 0, 0, NONE, 0, 0, b"f")),
        (output(Stream::Stdout), golden(68, 0, 0, ID, 0, 0, b"o")),
        (output(Stream::Stderr), golden(68, 1, 0, ID, 0, 0, b"o")),
        (finished(Verdict::Returned), golden(69, 0, 0, ID, 1, 7, b"r")),
        (finished(Verdict::Failed), golden(69, 1, 0, ID, 1, 7, b"r")),
        (finished(Verdict::Panicked), golden(69, 2, 0, ID, 1, 7, b"r")),
    ];
    for (message, bytes) in table {
        assert_eq!(joined(message.encode()), bytes, "{message:?}");
        assert_eq!(FromWorker::decode(parts(&bytes).0, parts(&bytes).1).expect("golden"), message);
    }
}

#[test]
fn garbage_is_told_and_not_believed() {
    let from_worker = |bytes: &[u8]| FromWorker::decode(parts(bytes).0, parts(bytes).1).is_err();
    assert!(from_worker(&[0xff; 64]));
    assert!(from_worker(&golden(69, 9, 0, ID, 1, 7, b"r")));
    assert!(from_worker(&golden(1, 0, 9, ID, 1, 0, b"")));
    let to_worker = golden(66, 0, 0, NONE, 0, 0, b"");
    assert!(ToWorker::decode(parts(&to_worker).0, parts(&to_worker).1).is_err());
}
