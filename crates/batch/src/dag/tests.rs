//! Graphs and schedules, a few by hand and many by chance.

use proptest::prelude::*;

use super::*;

#[test]
fn jobs_are_ordered_as_they_were_given_where_nothing_speaks_against_it() {
    let order = |before: &[&[usize]]| {
        Graph::new(before.iter().map(|jobs| jobs.to_vec()).collect()).map(|graph| graph.order().to_vec())
    };
    assert_eq!(order(&[]), Ok(vec![]));
    assert_eq!(order(&[&[], &[], &[]]), Ok(vec![0, 1, 2]));
    assert_eq!(order(&[&[2], &[], &[1, 1]]), Ok(vec![1, 2, 0]));
    assert_eq!(order(&[&[0]]), Err(Cycle(vec![0, 0])));
    // Job 0 is behind the circle and not in it.
    assert_eq!(order(&[&[1], &[2], &[3], &[1]]), Err(Cycle(vec![1, 2, 3, 1])));
}

#[test]
fn a_failure_skips_what_waits_for_it_at_once_unless_it_runs_anyway() {
    use OnFailure::{Run, Skip};
    // 1 and 2 wait for 0; 3 for 1, and runs in any case; 4 for 2 and 3.
    let graph = Graph::new(vec![vec![], vec![0], vec![0, 5], vec![1], vec![2, 3], vec![]]).expect("no circle");
    let mut schedule = Schedule::new(graph, vec![Skip, Skip, Skip, Run, Skip, Skip]);
    assert_eq!(schedule.begin(), [Step::Begin(0), Step::Begin(5)]);
    let steps = schedule.over(0, false);
    let skip = |job, because| Step::Skip { job, because };
    assert_eq!(steps, [skip(1, 0), skip(2, 0), skip(4, 2), Step::Begin(3)]);
    assert_eq!(schedule.over(5, true), []);
    assert_eq!(schedule.over(3, true), []);
    assert_eq!(schedule.waiting(), 0);
}

/// A graph without circles, how each job takes failures, and how each ends.
fn worlds() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<bool>, Vec<bool>, usize)> {
    (1..12_usize).prop_flat_map(|jobs| {
        let edges = proptest::collection::vec(proptest::collection::vec(any::<bool>(), jobs), jobs);
        let bits = proptest::collection::vec(any::<bool>(), jobs);
        // An edge leads from a job to an earlier one only.
        let before = edges.prop_map(|rows| {
            let earlier = |(job, row): (usize, Vec<bool>)| (0..job).filter(|&first| row[first]).collect();
            rows.into_iter().enumerate().map(earlier).collect()
        });
        (before, bits.clone(), bits, any::<usize>())
    })
}

proptest! {
    #[test]
    fn every_job_begins_once_or_is_skipped_once((before, anyway, succeeds, chance) in worlds()) {
        let policies = anyway.iter().map(|&run| if run { OnFailure::Run } else { OnFailure::Skip }).collect();
        let graph = Graph::new(before.clone()).expect("no circle");
        let mut schedule = Schedule::new(graph, policies);
        // None: not over; whether it succeeded.
        let (mut ends, mut begun) = (vec![None; before.len()], Vec::new());
        let mut steps = schedule.begin();
        loop {
            for step in steps.drain(..) {
                match step {
                    Step::Begin(job) => {
                        prop_assert!(ends[job].is_none() && !begun.contains(&job));
                        prop_assert!(before[job].iter().all(|&first| ends[first].is_some()), "all before it are over");
                        prop_assert!(anyway[job] || before[job].iter().all(|&first| ends[first] == Some(true)));
                        begun.push(job);
                    }
                    Step::Skip { job, because } => {
                        prop_assert!(!anyway[job] && ends[job].is_none() && !begun.contains(&job));
                        prop_assert!(before[job].contains(&because) && ends[because] == Some(false));
                        ends[job] = Some(false);
                    }
                }
            }
            if begun.is_empty() {
                break;
            }
            let job = begun.swap_remove(chance % begun.len());
            ends[job] = Some(succeeds[job]);
            steps = schedule.over(job, succeeds[job]);
        }
        prop_assert!(schedule.waiting() == 0 && ends.iter().all(Option::is_some));
    }

    #[test]
    fn a_circle_is_found_wherever_there_is_one((before, _, _, chance) in worlds()) {
        let mut before = before;
        let (first, last) = (chance % before.len(), before.len() - 1);
        before[first].push(last);
        let leads_back = first == last || Graph::new(before.clone()).is_err();
        match Graph::new(before.clone()) {
            Err(Cycle(way)) => {
                prop_assert!(leads_back && way.len() > 1 && way.first() == way.last());
                prop_assert!(way.windows(2).all(|pair| before[pair[0]].contains(&pair[1])), "{way:?} {before:?}");
            }
            Ok(graph) => {
                let place = |job: usize| graph.order().iter().position(|&other| other == job);
                prop_assert!((0..before.len()).all(|job| before[job].iter().all(|&first| place(first) < place(job))));
            }
        }
    }
}
