//! cargo-fuzz's entry to [`targets`].
#![no_main]

#[allow(dead_code, reason = "each entry uses its own part")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = targets::prefer(data);
    let _ = targets::range(data);
    let _ = targets::accept(data);
    let _ = targets::content_type(data);
});
