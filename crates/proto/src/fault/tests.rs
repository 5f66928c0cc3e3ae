//! Faults as text, and those that make no sense.

use super::*;

#[test]
fn a_plan_reads_like_a_sentence() {
    let plan = parse("kill at=begin worker=2 task=7 attempt=1; exit(3) at=write times=2\n segv at=idle attempt=any;");
    let expected = [
        Fault::kill(Point::Begin).worker(2).task(7),
        Fault::exit(3, Point::Write).times(2),
        Fault::segv(Point::Idle).any_attempt(),
    ];
    assert_eq!(plan, Ok(expected.to_vec()));
    assert_eq!(parse(" ;\n"), Ok(Vec::new()));
}

#[test]
fn what_is_shown_is_what_was_meant() {
    for point in Point::ALL {
        for deed in Deed::ALL.into_iter().filter(|deed| point.check(*deed).is_ok()) {
            for fault in [
                deed.at(point),
                deed.at(point).worker(3).any_attempt().always(),
                deed.at(point).attempt(2).pool("gpu").times(9),
            ] {
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
    }
}

#[test]
fn a_wrong_word_is_named_with_what_could_stand_there() {
    let error = |text| parse(text).expect_err(text).to_string();
    let cases = [
        ("kil at=begin", "'kil': nothing that can be done (there are kill, segv, "),
        ("exit at=begin", "'exit': nothing that can be done"),
        ("exit(256) at=begin", "'exit(256)': an exit's status is 0 to 255"),
        ("kill", "'kill': it does not say where; add at=POINT (there are start, init, "),
        ("kill at=beginning", "'beginning': no such point"),
        ("kill at=begin now", "'now': no key=value (there are at, worker, "),
        ("kill at=begin job=3", "'job=3': unknown key"),
        ("kill at=begin task=-1", "'task=-1': '-1' is no number from 1"),
        ("kill at=begin task=0", "'kill at=begin task=0': task counts from 1"),
        ("kill at=begin times=0", "times counts from 1"),
        ("kill at=start task=3", "at start no task is there yet; say which worker instead"),
        ("slow-reader at=write", "'slow-reader at=write' makes no sense: nothing fits into the middle"),
    ];
    for (text, beginning) in cases {
        assert!(error(text).contains(beginning), "{text}: {}", error(text));
    }
}

#[test]
fn each_deed_can_be_done_somewhere_and_each_point_be_reached() {
    for deed in Deed::ALL {
        assert!(Point::ALL.iter().any(|point| point.check(deed).is_ok()), "{deed}");
    }
    for point in Point::ALL {
        assert_eq!(point.check(Deed::Kill), Ok(()), "{point}");
    }
}

#[test]
fn only_pools_of_its_name_are_concerned() {
    let fault = Fault::kill(Point::Begin);
    assert!(fault.concerns("run") && fault.clone().pool("run").concerns("run"));
    assert!(!fault.pool("run").concerns("gpu"));
}
