//! The units themselves, as systemd's own tools judge them.

use super::container::Container;

/// How far a unit may be open, by `systemd-analyze security`: below two it calls it "OK".
const EXPOSURE: f64 = 1.5;

#[test]
fn they_are_right_and_closed() {
    let Some(container) = Container::boot("they_are_right_and_closed") else { return };
    for unit in ["ganger.service"] {
        assert_eq!(container.run(&["systemd-analyze", "verify", "--man=no", unit]), "", "{unit}");
        let judged = container.run(&["systemd-analyze", "security", "--no-pager", unit]);
        let last = judged.lines().last().expect("a line").to_owned();
        let exposure = last.split_whitespace().find_map(|word| word.parse::<f64>().ok());
        assert!(exposure.is_some_and(|exposure| exposure <= EXPOSURE), "{judged}");
    }
}
