//! Runs that somebody holds.

use super::*;

fn many() -> String {
    format!("h {}", ["a"; 60].join(" "))
}

#[test]
fn a_run_that_is_paused_starts_no_more() {
    let paused = held(2, &many(), &[(3, Control::pause), (40, |hand| hand.kill(1)), (60, Control::interrupt)]);
    assert_eq!(counts(&paused).3, End::Interrupted);
    // Those that take no time are handed out ahead even so.
    assert!(paused.fake.given.len() <= 2 + 16 + 2, "{:?}", paused.fake.given);

    let resumed = held(2, &many(), &[(3, Control::pause), (40, Control::resume), (400, |hand| hand.kill(1))]);
    assert_eq!(counts(&resumed), (60, 1, 0, End::Complete));
}

#[test]
fn slots_are_raised_and_lowered() {
    let raised = held(2, &many(), &[(3, |hand| hand.change_slots(3)), (400, |hand| hand.kill(1))]);
    assert_eq!(raised.fake.grown, [5]);

    // The fourth is not there to be killed while two others run in one slot.
    let lowered = held(
        3,
        "h h h h",
        &[
            (9, |hand| hand.change_slots(-9)),
            (19, |hand| hand.kill(1)),
            (29, |hand| hand.kill(4)),
            (39, |hand| (2..=3).for_each(|n| hand.kill(n))),
            (59, |hand| hand.kill(4)),
        ],
    );
    assert!(lowered.fake.grown.is_empty());
    assert_eq!((counts(&lowered).1, lowered.fake.most_at_once), (4, 3));
}

#[test]
fn what_is_killed_by_hand_has_failed_or_is_run_once_more() {
    let killed = held(2, "h a", &[(9, |hand| hand.kill(1))]);
    assert_eq!((counts(&killed), killed.told), ((1, 1, 0, End::Complete), vec!["1 h killed by hand 1".to_owned()]));

    let again = held(2, "h a", &[(9, |hand| hand.restart(1)), (19, |hand| hand.kill(1))]);
    assert_eq!(again.fake.given, ["h", "a", "h"]);
    assert_eq!((counts(&again), again.told), ((1, 1, 0, End::Complete), vec!["1 h killed by hand 2".to_owned()]));
}

#[test]
fn a_hand_goes_down_the_ladder_of_ctrl_c() {
    let steps = held(2, "h h", &[(5, Control::interrupt), (15, Control::interrupt), (16, Control::interrupt)]);
    assert_eq!(counts(&steps), (0, 0, 2, End::Interrupted));
    assert_eq!(steps.fake.stepped[..2], [1, 2]);
    assert_eq!(steps.told[..2], ["interrupt 1 2", "interrupt 2 2"]);
}

#[test]
fn who_asks_is_told_what_runs() {
    let asked = |inquiry| Fake { reports: VecDeque::from([Report::Asked(inquiry)]), ..Fake::default() };
    let running = seen_with(settings(2, "never"), "a b", asked(ganger::Inquiry::Running));
    assert_eq!(running.told, ["2 run"]);
    let progress = seen_with(settings(2, "never"), "a b", asked(ganger::Inquiry::Progress));
    assert_eq!(progress.told, ["0 succeeded"]);
}
