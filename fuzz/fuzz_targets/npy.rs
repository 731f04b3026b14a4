#![no_main]

use libfuzzer_sys::fuzz_target;
use veridic::data::{ReadOptions, read_bytes, read_bytes_as, write_csv};

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions::default();
    let bytes = [&b"\x93NUMPY"[..], bytes].concat();
    let Ok(reading) = read_bytes("t.npy", bytes.clone(), &options) else { return };
    reading.schema.validate().expect("what was found out is valid");
    let mut text = Vec::new();
    write_csv(&reading.table, &reading.schema, &mut text).expect("what was read can be written");
    let _ = read_bytes_as("t.npy", bytes.clone(), &reading.schema, &options);
});
