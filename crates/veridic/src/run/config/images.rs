//! Settings of images: which are read, and what is made of them before a model sees them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::Binarization;

/// The images of a run: `images = "mnist"`, or a section of these keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagesConfig {
    /// A known data set of images, or a folder or file of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Channels that all images get: 1 makes them grey, 3 color; as the files are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Height and width that all images get, 1 to 4096 each; as the files are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Labels whose images are kept; all by default.
    pub classes: Vec<String>,
    /// Grey images laid over each other as the channels of one, 1 or 3: each image is in as many stacks, with others
    /// drawn at random, and a stack's label is theirs one after the other.
    pub stack: usize,
    /// A second set of images, for a coupled adversarial network: a known data set, or a folder or file. Its labels are
    /// never learned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Black pixels around each image of the second set, 0 to 1024, within `size`: for digits that fill their images beside
    /// others that do not.
    pub second_margin: usize,
    /// Whether grey images are set upright before anything sees them: sheared and centered by their moments, as suits digits
    /// that are bright on black.
    pub upright: bool,
    /// Whether pictures that cannot be read are left out and counted, instead of an error.
    pub skip_corrupt: bool,
    /// How pixels become zeros and ones, for the likelihood `bernoulli`.
    pub binarization: Binarization,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self {
            source: None,
            channels: None,
            size: None,
            classes: Vec::new(),
            stack: 1,
            second: None,
            second_margin: 0,
            upright: false,
            skip_corrupt: false,
            binarization: Binarization::None,
        }
    }
}

impl ImagesConfig {
    /// Images from there, as they are.
    pub fn of(source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..Self::default() }
    }

    /// Whether nothing is said of images.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Writes the source alone where nothing else is said.
pub(super) fn serialize<S: Serializer>(images: &ImagesConfig, serializer: S) -> Result<S::Ok, S::Error> {
    match &images.source {
        Some(source) if *images == ImagesConfig::of(source) => serializer.serialize_str(source),
        _ => images.serialize(serializer),
    }
}

/// Reads a source or a section.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ImagesConfig, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = ImagesConfig;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name or place of images, or a section")
        }

        fn visit_str<E>(self, source: &str) -> Result<ImagesConfig, E> {
            Ok(ImagesConfig::of(source))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ImagesConfig, A::Error> {
            ImagesConfig::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Either)
}

/// Keys of `data` that belong to images, where versions before 0.2 had them.
const MOVED: [&str; 8] =
    ["binarization", "channels", "classes", "second", "second-margin", "size", "skip-corrupt", "stack"];

/// The place of a setting that was elsewhere in earlier versions.
pub(super) fn moved(path: &str) -> String {
    match path.strip_prefix("data.") {
        Some(key) if MOVED.contains(&key) => format!("data.images.{key}"),
        _ => path.to_owned(),
    }
}

/// Puts the settings of an earlier version where they are now; `false` where there is nothing to be done.
pub(super) fn migrate(tree: &mut toml::Table) -> bool {
    let Some(data) = tree.get_mut("data").and_then(toml::Value::as_table_mut) else { return false };
    let moved: Vec<_> = MOVED.iter().filter_map(|key| data.remove_entry(*key)).collect();
    if moved.is_empty() {
        return false;
    }
    section(data).extend(moved);
    true
}

/// The section of images, made of the source where that stands alone.
pub(super) fn section(data: &mut toml::Table) -> &mut toml::Table {
    let images = data.entry("images").or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if !images.is_table() {
        let source = std::mem::replace(images, toml::Value::Table(toml::Table::new()));
        if let Some(section) = images.as_table_mut() {
            section.insert("source".to_owned(), source);
        }
    }
    images.as_table_mut().expect("it is a table now")
}

#[cfg(test)]
mod tests {
    use crate::run::Config;

    fn read(text: &str) -> Config {
        Config::from_toml(text, "test").unwrap()
    }

    #[test]
    fn a_source_alone_and_a_section_are_read_and_written() {
        let plain = read("[data]\nimages = 'mnist'");
        assert_eq!(plain.data.images.source.as_deref(), Some("mnist"));
        assert!(plain.to_toml().contains("images = \"mnist\""), "{}", plain.to_toml());
        let section = read("[data.images]\nsource = 'mnist'\nsize = [8, 8]");
        assert_eq!(section.data.images.size, Some([8, 8]));
        for config in [plain, section] {
            assert_eq!(read(&config.to_toml()), config);
        }
        let error = Config::from_toml("[data.images]\nsizes = [8, 8]", "test").unwrap_err().to_string();
        assert!(error.contains("sizes"), "{error}");
    }

    #[test]
    fn settings_of_earlier_versions_are_where_they_belong_now() {
        let text = "[data]\nimages = 'mnist'\nsize = [28, 28]\nskip-corrupt = true\nchannels = 1";
        let images = read(text).data.images;
        assert_eq!(images.source.as_deref(), Some("mnist"));
        assert_eq!((images.size, images.skip_corrupt, images.channels), (Some([28, 28]), true, Some(1)));
        let set = |path: &str, value: &str| {
            read("[data]\nimages = 'mnist'").with(&[(path.to_owned(), value.to_owned())]).unwrap().data.images
        };
        assert_eq!(set("data.size", "[9, 9]"), set("data.images.size", "[9, 9]"));
        assert_eq!(set("data.images.size", "[9, 9]").source.as_deref(), Some("mnist"));
        assert_eq!(set("data.images", "usps").source.as_deref(), Some("usps"));
    }
}
