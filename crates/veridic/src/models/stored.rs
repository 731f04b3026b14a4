//! A fitted model without a graph as the file `model.safetensors` holds it: named tensors and a few words.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Named tensors and what is said about them (structure that is not numbers, as JSON, say).
///
/// A tensor of rows of the data, one a step of its first axis, has a name that ends in `rows` or `references`: by that a run counts
/// what it holds of single rows (`run/fitted/kept.rs`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    /// Texts by name, in the header of the file.
    pub about: BTreeMap<String, String>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Numbers with their axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis; the last varies fastest.
    pub dims: Vec<usize>,
    /// As many numbers as the axes hold.
    pub values: Values,
}

/// The numbers of a tensor.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the types")]
pub enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// A type that tensors hold.
pub trait Number: Copy {
    /// The values as a tensor's.
    fn wrap(values: Vec<Self>) -> Values;
    /// The numbers, if they are of this type.
    fn unwrap(values: &Values) -> Option<&[Self]>;
}

macro_rules! number {
    ($($variant:ident $type:ty),*) => {$(
        impl Number for $type {
            fn wrap(values: Vec<Self>) -> Values {
                Values::$variant(values)
            }
            fn unwrap(values: &Values) -> Option<&[Self]> {
                match values {
                    Values::$variant(values) => Some(values),
                    _ => None,
                }
            }
        }
    )*};
}

number!(U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64);

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    fn to_bytes(&self) -> (Dtype, Vec<u8>) {
        macro_rules! bytes {
            ($values:expr) => {
                $values.iter().flat_map(|value| value.to_le_bytes()).collect()
            };
        }
        match self {
            Self::U8(values) => (Dtype::U8, values.clone()),
            Self::U16(values) => (Dtype::U16, bytes!(values)),
            Self::U32(values) => (Dtype::U32, bytes!(values)),
            Self::U64(values) => (Dtype::U64, bytes!(values)),
            Self::F32(values) => (Dtype::F32, bytes!(values)),
            Self::F64(values) => (Dtype::F64, bytes!(values)),
        }
    }

    fn from_bytes(dtype: Dtype, bytes: &[u8]) -> Option<Self> {
        macro_rules! numbers {
            ($type:ty, $width:literal) => {
                bytes.as_chunks::<$width>().0.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
            };
        }
        Some(match dtype {
            Dtype::U8 => Self::U8(bytes.to_vec()),
            Dtype::U16 => Self::U16(numbers!(u16, 2)),
            Dtype::U32 => Self::U32(numbers!(u32, 4)),
            Dtype::U64 => Self::U64(numbers!(u64, 8)),
            Dtype::F32 => Self::F32(numbers!(f32, 4)),
            Dtype::F64 => Self::F64(numbers!(f64, 8)),
            _ => return None,
        })
    }
}

impl Stored {
    /// Adds a tensor.
    ///
    /// # Panics
    /// If there are not as many values as the axes hold.
    pub fn insert<T: Number>(&mut self, name: impl Into<String>, dims: &[usize], values: Vec<T>) {
        let values = T::wrap(values);
        assert_eq!(values.len(), dims.iter().product::<usize>(), "as many values as the axes hold");
        self.tensors.insert(name.into(), Tensor { dims: dims.to_vec(), values });
    }

    /// The values of a tensor.
    ///
    /// # Errors
    /// Its name and what is wrong with it.
    pub fn values<T: Number>(&self, name: &str) -> Result<&[T], String> {
        let tensor = self.tensors.get(name).ok_or_else(|| format!("`{name}` is not there"))?;
        T::unwrap(&tensor.values).ok_or_else(|| format!("`{name}` holds numbers of another type"))
    }

    /// A text.
    ///
    /// # Errors
    /// Its name, where it is not there.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.about.get(name).map(String::as_str).ok_or_else(|| format!("`{name}` is not said"))
    }

    /// The other's tensors and texts beside its own, their names below `name.`.
    pub fn absorb(&mut self, name: &str, other: Self) {
        self.about.extend(other.about.into_iter().map(|(key, text)| (format!("{name}.{key}"), text)));
        self.tensors.extend(other.tensors.into_iter().map(|(key, tensor)| (format!("{name}.{key}"), tensor)));
    }

    /// What [`absorb`](Self::absorb) put below `name.`.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let short =
            |key: &str| key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).map(str::to_string);
        Self {
            about: self.about.iter().filter_map(|(key, text)| Some((short(key)?, text.clone()))).collect(),
            tensors: self
                .tensors
                .iter()
                .filter_map(|(key, tensor)| Some((short(key)?, tensor.clone())))
                .collect(),
        }
    }

    /// The bytes of a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes: Vec<(Dtype, Vec<u8>)> =
            self.tensors.values().map(|tensor| tensor.values.to_bytes()).collect();
        let views = self.tensors.iter().zip(&bytes).map(|((name, tensor), (dtype, bytes))| {
            let view = TensorView::new(*dtype, tensor.dims.clone(), bytes);
            (name.clone(), view.expect("as many values as the axes hold"))
        });
        let about = (!self.about.is_empty()).then(|| self.about.clone().into_iter().collect());
        in_order(safetensors::serialize(views, about).expect("names are unique and tensors in memory"))
    }

    /// Reads the bytes of a safetensors file.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let parsed = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let about = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let mut tensors = BTreeMap::new();
        for (name, view) in parsed.iter() {
            let values = Values::from_bytes(view.dtype(), view.data())
                .ok_or_else(|| format!("`{name}` is of a type that no model has"))?;
            tensors.insert(name.to_string(), Tensor { dims: view.shape().to_vec(), values });
        }
        Ok(Self { about, tensors })
    }
}

/// The bytes of a safetensors file with the names of its header in order, which the library leaves to chance: the same model is
/// the same file.
pub(crate) fn in_order(mut bytes: Vec<u8>) -> Vec<u8> {
    let long = bytes.first_chunk().map_or(0, |long| u64::from_le_bytes(*long) as usize);
    let Some(header) = bytes.get_mut(8..).and_then(|rest| rest.get_mut(..long)) else { return bytes };
    let Ok(names) = serde_json::from_slice::<serde_json::Value>(header) else { return bytes };
    let ordered = names.to_string();
    // Blanks fill up the rest, as in the format.
    if let Some(room) = header.get_mut(..ordered.len()) {
        room.copy_from_slice(ordered.as_bytes());
        header[ordered.len()..].fill(b' ');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_stored_as_the_same_bytes() {
        let mut stored = Stored::default();
        for name in ["rows", "kind", "columns", "formulas", "checks", "config", "coders"] {
            stored.about.insert(name.into(), format!("{{\"{name}\": \"é\\n\"}}"));
        }
        stored.insert("cut", &[2, 1], vec![1.5_f64, -0.1]);
        let bytes = stored.to_bytes();
        for _ in 0..8 {
            assert_eq!(stored.to_bytes(), bytes);
        }
        assert_eq!(Stored::from_bytes(&bytes).unwrap(), stored);
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut stored = Stored::default();
        stored.about.insert("kind".into(), "forest".into());
        stored.insert("cut", &[2, 1], vec![1.5_f64, -0.1]);
        stored.insert("feature", &[3], vec![1_u16, 2, 65_535]);
        stored.insert("none", &[0], Vec::<u8>::new());
        let mut outer = Stored::default();
        outer.absorb("detector", stored.clone());
        let read = Stored::from_bytes(&outer.to_bytes()).unwrap();
        assert_eq!(read, outer);
        assert_eq!(read.below("detector"), stored);
        assert_eq!(read.values::<f64>("detector.cut").unwrap(), [1.5, -0.1]);
        assert_eq!(
            read.values::<f32>("detector.cut").unwrap_err(),
            "`detector.cut` holds numbers of another type"
        );
        assert_eq!(read.text("other").unwrap_err(), "`other` is not said");
        assert!(Stored::from_bytes(&outer.to_bytes()[..20]).is_err());
    }
}
