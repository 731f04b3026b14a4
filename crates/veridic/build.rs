//! Tells the tests whether the public data sets are there: those that need them say that they were ignored where not.

use std::path::PathBuf;

fn main() {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("VERIDIC_DATA").map_or_else(beside, PathBuf::from);
    println!("cargo::rerun-if-env-changed=VERIDIC_DATA");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(public_data)");
    if folder.is_dir() {
        println!("cargo::rustc-cfg=public_data");
    }
}
