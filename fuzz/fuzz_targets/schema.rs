#![no_main]

use libfuzzer_sys::fuzz_target;
use veridic::data::{ReadOptions, Schema, read_bytes_as, write_csv};

fuzz_target!(|bytes: &[u8]| {
    let Ok(schema) = serde_json::from_slice::<Schema>(bytes) else { return };
    if schema.validate().is_err() {
        return;
    }
    let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
    let text = format!("{}\n{}\n", names.join("\t"), vec!["1"; names.len()].join("\t"));
    if let Ok((table, _)) = read_bytes_as("t.csv", text.into_bytes(), &schema, &ReadOptions::default()) {
        write_csv(&table, &schema, Vec::new()).expect("what was read can be written");
    }
});
