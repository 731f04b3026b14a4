#![no_main]

use libfuzzer_sys::fuzz_target;
use veridic::data::{ImageOptions, read_images};

/// Names by which the kind of a file is told; the first byte chooses.
const NAMES: [&str; 4] = ["a.png", "a.jpg", "train-images-idx3-ubyte", "data_batch_1.bin"];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let name = NAMES[usize::from(*which) % NAMES.len()];
    std::fs::write(folder.path().join(name), bytes).expect("a file can be written");
    let _ = read_images(folder.path(), &ImageOptions { skip_corrupt: true, ..ImageOptions::default() });
});
