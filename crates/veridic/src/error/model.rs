//! What models without a graph cannot learn from or answer.

/// What a model cannot learn from, or cannot answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Fewer rows than the model needs.
    #[error("{model} needs {needed} rows to learn from, there {} {found}", if *found == 1 { "is" } else { "are" })]
    TooFewRows {
        /// The model, with its article.
        model: &'static str,
        /// Rows there are.
        found: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No column that the model can use.
    #[error("{model} finds no column to learn from")]
    NoColumns {
        /// The model, with its article.
        model: &'static str,
    },
    /// A model that is no network was to be compiled as one.
    #[error("{model} is not a network of layers")]
    NoNetwork {
        /// The model, with its article.
        model: &'static str,
    },
    /// A column that is asked about and that the model does not know.
    #[error("there is no column `{column}` in the model")]
    UnknownColumn {
        /// The column.
        column: String,
        /// The columns of the model.
        known: Vec<String>,
    },
    /// A value that a column of categories does not have.
    #[error("column `{column}` has no value `{value}`")]
    UnknownValue {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The first of those that it has.
        known: Vec<String>,
        /// How many it has.
        count: usize,
    },
    /// A condition that does not go with the kind of its column.
    #[error("column `{column}` is {kind}: {condition} says nothing about it")]
    WrongCondition {
        /// The column.
        column: String,
        /// Its kind.
        kind: &'static str,
        /// What was asked for.
        condition: &'static str,
    },
    /// Two conditions on one column.
    #[error("there are two conditions on column `{column}`")]
    TwoConditions {
        /// The column.
        column: String,
    },
    /// Conditions that no row can meet.
    #[error("no row can meet {}", conditions(.columns))]
    Impossible {
        /// The columns with conditions.
        columns: Vec<String>,
    },
    /// Conditions that are met so rarely that nothing can be said.
    #[error(
        "the conditions on {} are too rare: {drawn} draws count as {effective:.1} rows that meet them",
        .columns.join(", ")
    )]
    Unsupported {
        /// The columns with conditions.
        columns: Vec<String>,
        /// Effective rows.
        effective: f64,
        /// Rows drawn.
        drawn: usize,
    },
    /// Threads that cannot be started.
    #[error("{threads} threads cannot be started: {reason}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the system says.
        reason: String,
    },
    /// More columns than the model can take, each level of a category counted.
    #[error("{model} takes at most {most} columns, there are {found}")]
    TooManyColumns {
        /// The model, with its article.
        model: &'static str,
        /// Columns there are, each level of a category counted.
        found: usize,
        /// Most columns.
        most: usize,
    },
    /// A covariance without an inverse.
    #[error(
        "{model} finds columns that others decide, or classes of too few rows: a covariance has no inverse"
    )]
    Singular {
        /// The model, with its article.
        model: &'static str,
    },
    /// A target of one value, of which nothing can be told.
    #[error("{model} needs two classes, and all training rows have one value of `{target}`, or none")]
    OneClass {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        target: String,
    },
    /// A target of more or fewer values than two, for a model that tells two apart.
    #[error("{model} needs labels of two classes, and `{target}` has {found}")]
    TwoClasses {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        target: String,
        /// Classes among the labels.
        found: usize,
    },
    /// A protected column that has a group for nearly each row.
    #[error("`{column}` has {found} values: groups of so few rows have no rates")]
    TooManyGroups {
        /// The column.
        column: String,
        /// Its values.
        found: usize,
    },
    /// No row without a label, for a model that learns from them.
    #[error("{model} learns from rows without a label as well, and all rows have one in `{target}`")]
    NoUnlabelled {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        target: String,
    },
    /// A table without a column that the model was fitted with.
    #[error("the table has no column `{column}`, which {model} was fitted with")]
    MissingColumn {
        /// The model, with its article.
        model: &'static str,
        /// The column.
        column: String,
    },
    /// A rule that rows of the data break.
    #[error("the rule {} does not hold in {rows} of {of} rows", as_code(rule))]
    BrokenRule {
        /// The rule.
        rule: String,
        /// Rows that break it.
        rows: usize,
        /// Rows there are.
        of: usize,
        /// The first of them, in words.
        examples: Vec<String>,
    },
    /// A rule that says nothing about its columns.
    #[error("the rule {} cannot be kept: {reason}", as_code(rule))]
    WrongRule {
        /// The rule.
        rule: String,
        /// Why.
        reason: String,
    },
    /// No randomness to be had for noise.
    #[error("the system gives no random numbers for noise: {reason}")]
    NoRandomness {
        /// What it says.
        reason: String,
    },
}

/// Conditions in words.
fn conditions(columns: &[String]) -> String {
    match columns {
        [before @ .., last] if !before.is_empty() => {
            format!("the conditions on {} and {last} together", before.join(", "))
        }
        _ => format!("the condition on {}", columns.concat()),
    }
}

/// A rule in backquotes, unless it has names in backquotes itself.
pub(crate) fn as_code(rule: &str) -> String {
    if rule.contains('`') { rule.to_string() } else { format!("`{rule}`") }
}

impl ModelError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooFewRows { .. } => Some("add rows".to_string()),
            Self::NoNetwork { .. } | Self::Threads { .. } | Self::NoRandomness { .. } => None,
            Self::UnknownColumn { column, known } => {
                let near = crate::data::nearest_name(column, known.iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
                Some(format!("{near}it has {}", known.join(", ")))
            }
            Self::UnknownValue { known, count, .. } => {
                let more = count.saturating_sub(known.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let known: Vec<String> = known.iter().map(|value| crate::data::short(value)).collect();
                Some(format!("it has {}{more}", known.join(", ")))
            }
            Self::WrongCondition { .. } => {
                Some("numbers take a value or a range, categories one value or several".to_string())
            }
            Self::TwoConditions { .. } => Some("one condition may allow several values".to_string()),
            Self::Impossible { columns } if columns.len() > 1 => {
                Some("each can be met, but no row of the data met both: leave one out".to_string())
            }
            Self::Impossible { .. } => {
                Some("values are those of the data, within their smallest and largest".to_string())
            }
            Self::Unsupported { .. } => Some("fewer or wider conditions are met more often".to_string()),
            Self::NoColumns { .. } => Some(
                "identifiers, constants and dropped columns are left out; the schema says which".to_string(),
            ),
            Self::Singular { .. } => Some("raise its `floor`, such as to 0.01".to_string()),
            Self::OneClass { .. } | Self::TwoClasses { .. } => Some("name another column".to_string()),
            Self::TooManyGroups { .. } => {
                Some("protect a column of groups, such as a region or a band of age".to_string())
            }
            Self::NoUnlabelled { .. } => Some(
                "leave cells of it empty, or take `boosted-trees`, which learns from labels alone"
                    .to_string(),
            ),
            Self::TooManyColumns { .. } => Some("leave some out, or choose another detector".to_string()),
            Self::BrokenRule { examples, .. } => {
                Some(format!("{}; mend those rows, or leave the rule out", examples.join("; ")))
            }
            Self::WrongRule { .. } => Some("rules are in `data.rules.hold` and `data.rules.off`".to_string()),
            Self::MissingColumn { .. } => Some("an empty column of that name will do".to_string()),
        }
    }
}
