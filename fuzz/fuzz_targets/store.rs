#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wasmqtt::fuzzing::store(data));
