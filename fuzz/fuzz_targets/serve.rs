#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ganger_cli::fuzzing::serve(bytes));
