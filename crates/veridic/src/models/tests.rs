//! Lists of models that the compiler does not hold to be complete.

use serde::de::DeserializeOwned;

use super::*;

/// The names of the variants of a configuration, as the refusal of another one lists them.
pub(super) fn serde_names<T: DeserializeOwned>() -> Vec<String> {
    let refused = serde_json::from_str::<T>("{\"none\": {}}").err().unwrap().to_string();
    // unknown variant `none`, expected one of `a`, `b` at line 1
    refused.split('`').skip(3).step_by(2).map(str::to_string).collect()
}

#[test]
fn all_has_one_of_each_kind_with_default_settings() {
    let all = ModelConfig::all();
    let mut names: Vec<&str> = all.iter().map(ModelConfig::name).collect();
    let mut known = serde_names::<ModelConfig>();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known, "`ModelConfig::all` has every model");
    for config in &all {
        let empty: ModelConfig = serde_json::from_str(&format!("{{\"{}\": {{}}}}", config.name())).unwrap();
        assert_eq!(&empty, config);
    }
}

#[test]
fn a_model_of_tables_is_capable_of_something_and_its_settings_are_checked() {
    for config in ModelConfig::all() {
        let Some(parts) = config.table() else { continue };
        let name = config.name();
        let uses = [Ability::Sample, Ability::Score, Ability::Classify];
        assert!(uses.into_iter().any(|ability| config.can(ability)), "{name} is capable of nothing");
        parts.check(&format!("model.{name}")).unwrap();
    }
}
