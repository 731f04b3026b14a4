//! What the name of a column tells about its values.

/// Whether a column of this name is likely to tell rows apart.
pub(crate) fn is_id_name(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    // `PASSENGERID` is one word; `paid` is no identifier.
    let is_of = |word: &&str| last.strip_suffix("id").is_some_and(|thing| thing == *word);
    ["id", "ids", "uuid", "guid", "key", "index", "no", "nr", "rownum", "rowname", "rownames"].contains(&last)
        || words.first().is_some_and(|first| first == "unnamed")
        || THINGS.iter().any(is_of)
}

/// Whether a column has the name of a thing that is numbered: `booking`, `invoice number`.
pub(crate) fn is_thing(name: &str) -> bool {
    const NUMBERED: [&str; 17] = [
        "appointment",
        "bill",
        "booking",
        "claim",
        "contract",
        "delivery",
        "invoice",
        "journey",
        "loan",
        "number",
        "num",
        "payment",
        "policy",
        "receipt",
        "reference",
        "reservation",
        "shipment",
    ];
    let words = words(name);
    words.last().is_some_and(|last| NUMBERED.contains(&last.as_str()) || THINGS.contains(&last.as_str()))
}

/// What has an identifier, as a name in one word says: `customerid`.
const THINGS: [&str; 24] = [
    "account",
    "case",
    "client",
    "customer",
    "device",
    "employee",
    "event",
    "image",
    "item",
    "member",
    "order",
    "passenger",
    "patient",
    "person",
    "product",
    "record",
    "row",
    "sample",
    "session",
    "student",
    "subject",
    "ticket",
    "transaction",
    "user",
];

/// Whether a column of this name is likely to be a date.
pub(crate) fn is_date_name(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "date",
        "day",
        "dt",
        "yyyymmdd",
        "yymmdd",
        "ddmmyy",
        "dob",
        "birthdate",
        "birthday",
        "fecha",
        "dato",
        "pvm",
    ];
    words(name).iter().any(|word| WORDS.contains(&word.as_str()) || word.ends_with("datum"))
}

/// Whether a column of this name holds times of day.
pub(crate) fn is_clock_name(name: &str) -> bool {
    const WORDS: [&str; 34] = [
        "time",
        "hour",
        "hours",
        "hhmm",
        "clock",
        "start",
        "end",
        "begin",
        "from",
        "to",
        "open",
        "opens",
        "opening",
        "close",
        "closes",
        "closing",
        "dep",
        "arr",
        "departure",
        "arrival",
        "uhr",
        "zeit",
        "von",
        "bis",
        "heure",
        "hora",
        "ora",
        "tid",
        "klockan",
        "tijd",
        "czas",
        "saat",
        "время",
        "時刻",
    ];
    let is_word =
        |word: &String| WORDS.contains(&word.as_str()) || word.ends_with("zeit") || word.ends_with("time");
    words(name).iter().any(is_word)
}

/// The words of a name, in lower case; `CustomerId2` has `customer` and `id2`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_their_words() {
        assert!(
            is_id_name("id") && is_id_name("customer_id") && is_id_name("CustomerId") && is_id_name("No")
        );
        assert!(!is_id_name("paid") && !is_id_name("id count") && !is_id_name("width"));
        assert!(is_thing("booking") && is_thing("Invoice Number") && !is_thing("amount"));
        assert!(is_clock_name("Opening time") && is_clock_name("Abfahrtszeit") && !is_clock_name("code"));
        assert!(is_date_name("sold_date") && !is_date_name("update"));
    }
}
