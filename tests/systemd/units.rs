//! The units themselves, as systemd's own tools judge them.

use serde_json::json;

use super::container::Container;
use crate::service::{get, over, submit};

/// How far a unit may be open, by `systemd-analyze security`: below two it calls it "OK".
const EXPOSURE: f64 = 1.5;

#[test]
fn they_are_right_and_closed() {
    let Some(container) = Container::boot("they_are_right_and_closed") else { return };
    for unit in ["ganger.service", "ganger@night.service", "ganger.socket"] {
        assert_eq!(container.run(&["systemd-analyze", "verify", "--man=no", unit]), "", "{unit}");
    }
    for service in ["ganger.service", "ganger@night.service"] {
        let judged = container.run(&["systemd-analyze", "security", "--no-pager", service]);
        let last = judged.lines().last().expect("a line").to_owned();
        let exposure = last.split_whitespace().find_map(|word| word.parse::<f64>().ok());
        assert!(exposure.is_some_and(|exposure| exposure <= EXPOSURE), "{judged}");
    }
}

/// Two queues of the same machine know nothing of each other.
#[test]
fn instances_have_each_their_own() {
    let Some(container) = Container::boot("instances_have_each_their_own") else { return };
    for instance in ["day", "night"] {
        let text = format!(
            "[service]\nstore = \"/var/lib/ganger-{instance}/jobs.db\"\nlisten = [\"unix:/run/ganger-{instance}/ganger.sock\"]\n"
        );
        std::fs::write(container.path(&format!("etc/ganger/{instance}.toml")), text).expect("a file");
    }
    container.systemctl(&["start", "ganger@day", "ganger@night"]);
    let of = |instance: &str| container.connect(&format!("/run/ganger-{instance}/ganger.sock")).expect("it listens");
    submit(&mut of("day"), &json!({"name": "sunny", "command": ["true"]}));
    assert_eq!(get(&mut of("day"), "/v1/jobs")[0]["name"], json!("sunny"));
    assert_eq!(get(&mut of("night"), "/v1/jobs"), json!([]));
    container.systemctl(&["stop", "ganger@day"]);
    assert_eq!(get(&mut of("night"), "/v1/jobs"), json!([]));
}

/// Without root, and without a word of configuration.
#[test]
fn a_user_has_a_queue_of_their_own() {
    let Some(container) = Container::boot("a_user_has_a_queue_of_their_own") else { return };
    container.systemctl(&["start", "someone"]);
    let as_user =
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "XDG_RUNTIME_DIR=/run/someone"];
    let user = |words: &[&str]| container.run(&[&as_user, words].concat());
    user(&["systemctl", "--user", "start", "ganger"]);
    let mut client = container.connect("/run/someone/ganger/ganger.sock").expect("it listens");
    let job = submit(&mut client, &json!({"command": ["id", "-un"]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    assert_eq!(client.get(&format!("/v1/jobs/{job}/tasks/1/stdout")).expect("an answer").body, b"nobody\n");
    user(&["systemctl", "--user", "stop", "ganger"]);
    assert_eq!(user(&["systemctl", "--user", "show", "--value", "-p", "Result", "ganger"]), "success");
}
