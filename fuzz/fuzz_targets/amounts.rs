#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ganger_batch::fuzzing::amounts(bytes));
