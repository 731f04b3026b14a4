//! States as a file in the safetensors format.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use veridic_graph::State;

use crate::models::in_order;

/// The tensors of a safetensors file by name, and what it says about them.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn tensors_of(bytes: &[u8]) -> Result<(Vec<State>, BTreeMap<String, String>), String> {
    let parsed = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let about = header.metadata().clone().unwrap_or_default().into_iter().collect();
    let mut states = Vec::new();
    for (name, view) in parsed.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("`{name}` is not of 32-bit floats"));
        }
        let (chunks, _) = view.data().as_chunks::<4>();
        let values = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
        states.push(State { name: name.to_string(), dims: view.shape().to_vec(), values });
    }
    states.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((states, about))
}

/// States in the safetensors format, by name.
pub(crate) fn tensors(states: &[State], about: Option<BTreeMap<String, String>>) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = states
        .iter()
        .map(|state| state.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = states.iter().zip(&bytes).map(|(state, bytes)| {
        let view =
            TensorView::new(Dtype::F32, state.dims.clone(), bytes).expect("as many values as the axes hold");
        (state.name.clone(), view)
    });
    let about = about.map(|about| about.into_iter().collect());
    in_order(safetensors::serialize(views, about).expect("names are unique and tensors in memory"))
}
