//! Whether a job is of the kind that its queue's workers can do: commands and lines are words, calls are a function.

use super::Submission;
use crate::api::problem::Problem;
use crate::config::Runs;
use crate::queues::Queue;

/// What only a process that is started for one task can keep to.
const PLACES: [&str; 2] = ["directory", "environment"];

impl Submission {
    /// Whether its tasks are what the queue's workers can do. A call and a command at once are neither.
    pub(super) fn check_kind(&self, queue: &Queue) -> Result<(), Problem> {
        let name = &queue.config.name;
        let (calls, is_kept) = match queue.config.runs {
            Runs::Commands => (false, false),
            Runs::Worker(_) => (false, true),
            Runs::Functions(_) => (true, true),
        };
        let wrong = |field: &str, why: &str| Err(Problem::invalid(format!("`{field}`: queue {name:?} runs {why}")));
        let of_kind = if calls { self.word_of_commands() } else { self.word_of_calls() };
        let Some(field) = of_kind.or_else(|| self.place().filter(|_| is_kept)) else {
            let missing = calls && self.function.is_none();
            return if missing { wrong("function", "functions: give one, and `args`") } else { Ok(()) };
        };
        match &queue.config.runs {
            Runs::Functions(_) | Runs::Worker(_) if PLACES.contains(&field) => wrong(
                field,
                "a program of its own, for many jobs: its configuration says where and with what environment",
            ),
            Runs::Functions(_) => wrong(field, "functions: give `function` and `args` instead"),
            Runs::Worker(_) => wrong(field, "lines of a worker program: give `command` and `tasks` instead"),
            Runs::Commands => wrong(field, "commands: give `command` and `tasks` instead"),
        }
    }

    /// A field that says where or with what environment its tasks run, if it is there: one of [`PLACES`].
    fn place(&self) -> Option<&'static str> {
        let [directory, environment] = PLACES;
        let given = [(directory, self.directory.is_some()), (environment, !self.environment.is_empty())];
        given.into_iter().find_map(|(field, given)| given.then_some(field))
    }

    /// A field that only a call has, if it is there.
    fn word_of_calls(&self) -> Option<&'static str> {
        let fields = [("function", self.function.is_some()), ("args", self.args.is_some())];
        let fields = fields.into_iter().chain([("signature", self.signature.is_some()), ("many", self.many)]);
        fields.into_iter().find_map(|(field, given)| given.then_some(field))
    }

    /// A field that only a command has, if it is there.
    fn word_of_commands(&self) -> Option<&'static str> {
        let fields = [("command", !self.command.is_empty()), ("tasks", self.tasks.is_some())];
        fields.into_iter().find_map(|(field, given)| given.then_some(field))
    }
}

#[cfg(test)]
mod tests {
    use ganger_store::QueueId;

    use super::*;
    use crate::config::QueueConfig;

    fn refused(runs: &Runs, body: &str) -> Option<String> {
        let config = QueueConfig { runs: runs.clone(), ..QueueConfig::default() };
        let submission: Submission = serde_json::from_str(body).expect("a submission");
        submission.check(&[Queue { id: QueueId(1), config }], 10).err().map(Problem::into_detail)
    }

    #[test]
    fn a_job_is_of_its_queue_s_kind() {
        let program = || vec!["program".to_owned()];
        let (worker, functions) = (Runs::Worker(program()), Runs::Functions(program()));
        let command = r#"{"command": ["true"]}"#;
        let placed = r#"{"command": ["true"], "directory": "/", "environment": {"A": "1"}}"#;
        let call = r#"{"function": "f", "args": ["AA=="]}"#;
        for (runs, body) in [(&Runs::Commands, placed), (&worker, command), (&functions, call)] {
            assert_eq!(refused(runs, body), None, "{body}");
        }
        for (runs, body, told) in [
            (&Runs::Commands, call, "`function`: queue \"default\" runs commands: give `command`"),
            (&Runs::Commands, r#"{"command": ["true"], "args": []}"#, "`args`: queue"),
            (&worker, call, "`function`: queue \"default\" runs lines of a worker program: give `command`"),
            (&functions, command, "`command`: queue \"default\" runs functions: give `function` and `args`"),
            (&functions, r#"{"function": "f", "args": [], "tasks": []}"#, "`tasks`: queue"),
            (&worker, placed, "`directory`: queue \"default\" runs a program of its own"),
            (&functions, r#"{"function": "f", "args": [], "environment": {"A": "1"}}"#, "`environment`: queue"),
            (&functions, "{}", "`function`: queue \"default\" runs functions: give one, and `args`"),
        ] {
            let why = refused(runs, body).unwrap_or_else(|| panic!("taken: {body}"));
            assert!(why.starts_with(told), "{why}");
        }
    }
}
