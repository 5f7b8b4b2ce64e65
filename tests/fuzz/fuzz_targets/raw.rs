//! libFuzzer over the raw property: the input is a script of any calls by any processes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::raw(data));
