//! Synthetic rows are judged.

use crate::{Place, customers};

#[test]
fn a_page_and_its_figures_are_written_and_the_gravest_is_said_first() {
    let place = Place::new();
    place.write("real.csv", customers(240));
    place.write("copies.csv", customers(200));
    let arguments =
        ["evaluate", "real.csv", "copies.csv", "--target", "buys", "--protected", "city", "-o", "r.html"];
    let ran = place.succeed(&arguments);
    assert_eq!(ran.out, "");
    assert!(ran.err.ends_with("wrote r.html, r.json and r.csv\n"), "{}", ran.err);
    let place_of = |word: &str| ran.err.find(word).unwrap_or(usize::MAX);
    assert!(place_of("copies: ") < place_of("indistinguishable: "), "{}", ran.err);
    let page = place.read("r.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n") && !page.contains("<script"));
    assert!(place.read("r.csv").starts_with("column,value,real,made\nage,"), "{}", place.read("r.csv"));
    let figures = place.read("r.json");
    for name in ["\"floor.table.pairs\"", "\"ceiling.table.c2st\"", "\"fairness.city.selection_gap\""] {
        assert!(figures.contains(name), "{name}");
    }
}

#[test]
fn files_that_do_not_go_together_are_refused_and_no_input_is_lost() {
    let place = Place::new();
    place.write("real.csv", customers(60));
    place.write("other.csv", "age,town\n1,a\n2,b\n");
    place.write("tiny.csv", customers(3));
    place.write("empty.csv", "");
    assert!(place.fail(&["evaluate", "real.csv", "other.csv"]).contains("income"));
    let tiny = place.fail(&["evaluate", "real.csv", "tiny.csv"]);
    assert!(tiny.contains("20 rows") && tiny.contains("there are 3"), "{tiny}");
    place.fail(&["evaluate", "real.csv", "empty.csv"]);
    place.fail(&["evaluate", "real.csv", "real.csv", "-o", "real.csv"]);
    assert_eq!(place.read("real.csv"), customers(60));
    let no = place.fail(&["evaluate", "real.csv", "real.csv", "--target", "bys"]);
    assert!(no.contains("`buys`"), "{no}");
}
