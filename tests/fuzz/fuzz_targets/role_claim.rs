//! cargo-fuzz's entry to [`targets`].
#![no_main]

#[allow(dead_code, reason = "each entry uses its own part")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = targets::role_claim(data);
});
