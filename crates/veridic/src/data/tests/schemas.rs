use super::*;

const PATIENTS: &str = "id,age,sex,city,seen,dose,kind\n\
    101,41,f,rome,2024-01-05,0.25,x\n\
    102,57,m,oslo,2024-02-28,1.5,x\n\
    103,,f,?,2024-03-01,0.75,x\n\
    104,38,m,bern,2024-03-02,0.1,x\n";

#[test]
fn kinds_and_cells_of_a_small_table() {
    let (table, schema) = load(PATIENTS).unwrap();
    let kinds: Vec<&str> = schema.columns.iter().map(|column| column.kind.name()).collect();
    assert_eq!(kinds, ["integer", "integer", "boolean", "categorical", "date-time", "real", "constant"]);
    assert_eq!(texts(&table, "city"), [Some("rome"), Some("oslo"), None, Some("bern")]);
    assert_eq!(numbers(&table, "seen")[0], 1_704_412_800.0);
    assert!(numbers(&table, "age")[2].is_nan());
    assert_eq!(schema.columns[5].kind, Kind::Real { decimals: 2, min: 0.1, max: 1.5 });
}

#[test]
fn reading_with_a_schema_puts_columns_in_its_order_and_reports_what_is_new() {
    let (_, schema) = load(PATIENTS).unwrap();
    let other = "note;city;dose;seen;sex;age;id;kind\nhi;paris;2;2024-05-05;f;40.0;9;y\n";
    let (table, differences) = load_as(other, &schema).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "age", "sex", "city", "seen", "dose", "kind"]);
    assert_eq!(texts(&table, "city"), [Some("paris")]);
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "column `note` is not in the schema",
            "column `city` has 1 new values (`paris`) in 1 cells",
            "column `kind` has 1 new values (`y`) in 1 cells",
        ]
    );
}

#[test]
fn every_difference_is_listed_at_once() {
    let (_, schema) = load(PATIENTS).unwrap();
    let other = "id,agee,sex,city,seen,dose\n1,4,f,rome,2024-01-01,low\n2,4,f,lima,soon,high\n";
    let error = load_as(other, &schema).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the data does not fit the schema: column `age` is missing (there is `agee`); column `kind` is missing; \
         column `agee` is not in the schema; column `city` has 1 new values (`lima`) in 1 cells; \
         column `seen` has 1 cell that does not fit date-time, the first is `soon` in line 3; \
         column `dose` has 2 cells that do not fit real, the first is `low` in line 2: table.csv"
    );
}

#[test]
fn a_target_may_be_absent_when_said() {
    let (_, schema) = load(PATIENTS).unwrap();
    let without = "id,sex,city,seen,dose,kind\n101,f,rome,2024-01-05,0.25,x\n";
    assert!(load_as(without, &schema).is_err());
    let options = ReadOptions { optional: vec!["age".into()], ..ReadOptions::default() };
    let (table, differences) = read_bytes_as("t", without.into(), &schema, &options).unwrap();
    assert!(table.column("age").is_none());
    assert!(differences.iter().all(Difference::is_harmless));
}

#[test]
fn columns_without_a_header_are_told_by_their_place() {
    let (_, schema) = load("1,a,5.5\n2,b,6.5\n3,a,7.5\n").unwrap();
    let (table, _) = load_as("9,c,1\n", &schema).unwrap();
    assert_eq!(texts(&table, "column_2"), [Some("c")]);
    let options = ReadOptions { optional: vec!["column_3".into()], ..ReadOptions::default() };
    let (table, _) = read_bytes_as("t", b"9,b\n8,a\n".to_vec(), &schema, &options).unwrap();
    assert_eq!(numbers(&table, "column_1"), [9.0, 8.0]);
    // Names given when learning need not be in the file that is scored.
    let named =
        ReadOptions { names: Some(["x", "y", "z"].map(str::to_owned).to_vec()), ..ReadOptions::default() };
    let (_, schema) = pair(read_bytes("t", b"1,a,5.5\n2,b,6.5\n3,a,7.5\n".to_vec(), &named)).unwrap();
    let (table, _) = load_as("7,b,2.5\n8,a,1\n", &schema).unwrap();
    assert_eq!(numbers(&table, "x"), [7.0, 8.0]);
}

#[test]
fn schemas_are_compared_kind_by_kind() {
    let (_, schema) = load(PATIENTS).unwrap();
    let (_, other) =
        load("age,sex,city,seen,dose\nold,f,rome,5,1\nyoung,x,lima,7,3\nold,f,rome,6,4\n").unwrap();
    let error = schema.check(&other, &[]).unwrap_err();
    let DataError::SchemaMismatch { differences, .. } = error else { panic!("{error}") };
    let told: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "column `id` is missing",
            "column `kind` is missing",
            "column `age` is boolean, integer is expected",
            "column `sex` has 1 new values (`x`)",
            "column `city` has 1 new values (`lima`)",
            "column `seen` is integer, date-time is expected",
        ]
    );
    assert_eq!(schema.check(&schema, &[]).unwrap(), []);
}

#[test]
fn an_edited_schema_is_checked_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    let (_, mut schema) = load("code,x\n1,5\n2,7\n3,9\n1,8\n").unwrap();
    schema.save(&path).unwrap();
    assert_eq!(Schema::load(&path).unwrap(), schema);
    // Levels left empty are filled from the data.
    schema.columns[0].kind = Kind::Categorical { levels: Vec::new() };
    let (table, _) = load_as("code,x\n1,5\n2,7\n3,9\n1,8\n", &schema).unwrap();
    assert_eq!(texts(&table, "code"), [Some("1"), Some("2"), Some("3"), Some("1")]);
    let levels = ["1", "2", "3"].map(str::to_owned).to_vec();
    assert_eq!(schema.refreshed(&table).columns[0].kind, Kind::Categorical { levels });

    schema.columns[0].name = "x".into();
    schema.columns[1].kind = Kind::Real { decimals: 40, min: 2.0, max: 1.0 };
    schema.save(&path).unwrap();
    let error = Schema::load(&path).unwrap_err();
    let DataError::InvalidSchema { problems, .. } = &error else { panic!("{error}") };
    assert_eq!(
        problems,
        &[
            "there are two columns `x`",
            "column `x`: decimals is 40, at most 17 are kept",
            "column `x`: min 2 is above max 1"
        ]
    );
    std::fs::write(&path, "{\"columns\": [{\"nam\": 1}]}").unwrap();
    assert!(Schema::load(&path).unwrap_err().to_string().contains("unknown field `nam`"));
}

#[test]
fn other_formats_follow_a_schema_too() {
    let (table, schema) = load(PATIENTS).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&table, &schema, &path).unwrap();
    let (again, differences) = read_as(&path, &schema, &ReadOptions::default()).unwrap();
    assert_eq!(differences, []);
    assert_eq!(format!("{again:?}"), format!("{table:?}"));
    let (_, stranger) = load("age,dose,sex,new\n1,a,f,1\n2,b,m,2\n3,c,m,3\n").unwrap();
    let error = read_as(&path, &stranger, &ReadOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("column `new` is missing; column `id` is not in the schema"),
        "{error}"
    );
}
