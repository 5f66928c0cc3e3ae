//! End to end, against the real binary: what a user types and what then happens. Each test has a [`Sandbox`](sandbox),
//! which at its end looks for processes and files that were left behind.

#![expect(clippy::print_stdout, reason = "a test that fails says which row of its table it was at")]

#[path = "sandbox.rs"]
mod sandbox;
mod terminal;
mod service;
#[path = "run.rs"]
mod run;
#[path = "run_output.rs"]
mod run_output;
#[path = "run_signals.rs"]
mod run_signals;
#[path = "run_faults.rs"]
mod run_faults;
mod run_limits;
mod run_sandbox;
mod run_progress;
mod run_resume;
mod run_pipe;
mod run_results;
mod run_jobfile;
mod run_jobfile_faults;
mod run_jobfile_resume;
mod run_config;
mod pages;
mod run_looking;
mod run_report;
mod run_disk;
mod run_shortage;
mod run_tui;
mod run_manual;
mod run_grammar;
mod guide;
#[path = "run_worker.rs"]
mod run_worker;
#[path = "run_worker_native.rs"]
mod run_worker_native;
mod serve;
mod serve_end;
mod serve_notify;
mod serve_described;
mod serve_follow;
mod serve_orders;
mod serve_client;
mod serve_config;
mod serve_verbs;
mod serve_doors;
mod serve_secrets;
mod serve_hostile;
mod serve_queues;
mod serve_metrics;
mod serve_page;
mod systemd;

// This program is itself the worker in Rust of some tests.
ganger::test_worker!();
