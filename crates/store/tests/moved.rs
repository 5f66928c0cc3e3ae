//! The file is taken away while records are written to it.

use std::fs;

use ganger_store::{Backlog, Durability, Filter, NewJob, Order, Reader, RunEnd, Store, Turn, check};

use crate::place::{Place, begin, succeed};

#[test]
fn one_that_was_deleted_is_told_and_leaves_nothing_behind() {
    let place = Place::new();
    let (_, mut recorder) = begin(place.store(), "j");
    fs::remove_file(place.file()).unwrap();
    succeed(&mut recorder, 1);
    let error = recorder.finish(RunEnd::Complete, |_| true).unwrap_err();
    assert!(error.to_string().contains("deleted or replaced"), "{error}");
    let left: Vec<_> = fs::read_dir(place.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_stands_in_its_place_is_left_as_it_is() {
    let place = Place::new();
    place.job("precious", 3);
    let other = place.dir().join("other.db");
    fs::rename(place.file(), &other).unwrap();
    let (_, mut recorder) = begin(place.store(), "j");
    succeed(&mut recorder, 1);
    let ours = place.dir().join("ours.db");
    fs::rename(place.file(), &ours).unwrap();
    fs::rename(&other, place.file()).unwrap();
    succeed(&mut recorder, 2);
    assert!(recorder.finish(RunEnd::Complete, |_| true).is_err());
    assert_eq!(check(&place.file()).unwrap(), [""; 0]);
    assert_eq!(place.reader().newest_job().unwrap().name, "precious");
    assert_eq!(place.tasks().len(), 3);
    // And ours, which is only called otherwise, has all.
    let reader = Reader::open(&ours).unwrap();
    let job = reader.newest_job().unwrap();
    assert_eq!((job.name.as_str(), reader.tasks(job.id, &Filter::default()).unwrap().len()), ("j", 2));
}

#[test]
fn a_queue_leaves_what_stands_in_its_place_as_it_is() {
    let place = Place::new();
    place.job("precious", 3);
    let (other, ours) = (place.dir().join("other.db"), place.dir().join("ours.db"));
    fs::rename(place.file(), &other).unwrap();
    let mut backlog = Backlog::open(place.store()).unwrap();
    let job =
        NewJob { command: vec![b"true".to_vec()], tasks: vec![Vec::new()], ..NewJob::to(backlog.queue("q").unwrap()) };
    backlog.commit(&Turn { orders: vec![Order::Submit(Box::new(job))], ..Turn::default() }).unwrap();
    backlog.look_where_it_is().unwrap();
    fs::rename(place.file(), &ours).unwrap();
    fs::rename(&other, place.file()).unwrap();
    let error = backlog.look_where_it_is().unwrap_err();
    assert!(error.to_string().contains("deleted or replaced"), "{error}");
    drop(backlog);
    assert_eq!(place.reader().newest_job().unwrap().name, "precious");
    let ours = Backlog::open(Store::open(&ours, Durability::Process).unwrap()).unwrap();
    assert_eq!(ours.queues_in_use().unwrap(), ["q"], "what was accepted waits in it");
}
