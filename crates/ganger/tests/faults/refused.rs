//! Plans that make no sense are refused when the pool is built, with the word that is wrong and the remedy.

use ganger::testing::{Deed, Fault, Point};
use ganger::{Pool, StartMethod};

#[track_caller]
fn refusal(method: StartMethod, fault: Fault) -> String {
    match Pool::builder().workers(1).start_method(method).faults([fault]).build() {
        Ok(_) => panic!("it was built"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let error = refusal(StartMethod::Zygote, Deed::SlowReader.at(Point::Start));
    assert!(error.contains("'slow-reader at=start' makes no sense"), "{error}");
    let error = refusal(StartMethod::Spawn, Fault::kill(Point::Begin).task(0));
    assert!(error.contains("task counts from 1"), "{error}");
    let error = refusal(StartMethod::Spawn, Fault::kill(Point::Answer));
    assert!(error.contains("only a manager comes past there"), "{error}");
}

#[test]
fn a_pool_in_this_process_is_not_struck() {
    for method in [StartMethod::Thread, StartMethod::Inline] {
        let error = refusal(method, Fault::kill(Point::Begin));
        assert!(error.contains("strike this process itself") && error.contains("Zygote or Spawn"), "{error}");
    }
}
