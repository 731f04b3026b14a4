//! Rules in words for people.

use super::rule::Rule;

impl Rule {
    /// The rule as people say it of a row that breaks it: `gross = net + tax`, `country follows city`, `start <= end`,
    /// `sex = male never with pregnant = yes`. Names stand in backquotes only where they are not one word; `cell` gives what
    /// the row holds in a column.
    pub fn said(&self, cell: impl Fn(&str) -> String) -> String {
        match self {
            Self::Decides { by, column } => format!("{} follows {}", told(column), told(by)),
            Self::Pairs { columns: [a, b], .. } => {
                format!("{} = {} never with {} = {}", told(a), cell(a), told(b), cell(b))
            }
            Self::Formula { .. } | Self::Terms { .. } | Self::Order { .. } | Self::Range { .. } => {
                let mut text = self.to_string();
                for name in self.columns().into_iter().filter(|name| is_word(name)) {
                    text = text.replace(&format!("`{name}`"), name);
                }
                text
            }
        }
    }

    /// The columns that it is about.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Decides { by, column } => vec![by, column],
            Self::Formula { column, of, .. } => {
                std::iter::once(column.as_str()).chain(of.iter().map(|(name, _)| name.as_str())).collect()
            }
            Self::Terms { column, of } => {
                let parts = of.iter().flat_map(|(_, of)| of).map(|(name, _)| name.as_str());
                std::iter::once(column.as_str()).chain(parts).collect()
            }
            Self::Order { low, high, .. } => vec![low, high],
            Self::Range { column, .. } => vec![column],
            Self::Pairs { columns: [a, b], .. } => vec![a, b],
        }
    }
}

/// A name as it can be told from the words around it.
fn told(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("`{name}`") }
}

fn is_word(name: &str) -> bool {
    let is_first = |letter: char| letter.is_alphabetic() || letter == '_';
    name.starts_with(is_first) && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::super::formula::Operation;
    use super::*;

    #[test]
    fn rules_are_said_in_words() {
        let name = str::to_owned;
        let cell = |column: &str| if column == "sex" { name("male") } else { name("yes") };
        let sum = Rule::Formula {
            column: name("gross"),
            of: vec![(name("net"), false), (name("tax due"), false)],
            operation: Operation::Sum,
            factor: None,
            weights: Vec::new(),
        };
        assert_eq!(sum.said(cell), "gross = net + `tax due`");
        let decides = Rule::Decides { by: name("city"), column: name("country") };
        assert_eq!(decides.said(cell), "country follows city");
        let order = Rule::Order { low: name("start"), high: name("end"), strict: false };
        assert_eq!(order.said(cell), "start <= end");
        let pairs = Rule::Pairs { columns: [name("sex"), name("pregnant")], impossible: 1 };
        assert_eq!(pairs.said(cell), "sex = male never with pregnant = yes");
        // What could be read as a number or as part of a formula stays marked.
        let odd = Rule::Order { low: name("1st"), high: name("a+b"), strict: true };
        assert_eq!(odd.said(cell), "`1st` < `a+b`");
    }
}
