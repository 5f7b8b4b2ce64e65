//! libFuzzer over the reference models: the input names a model, and is a script of operations.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::models(data));
