//! The binary `veridic`.

#[cfg_attr(not(test), expect(dead_code, reason = "the command `data` is still to come"))]
mod fetch;

fn main() {}
