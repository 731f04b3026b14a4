//! The binary `veridic`.
fn main() {}
