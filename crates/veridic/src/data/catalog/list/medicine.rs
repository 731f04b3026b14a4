//! Tables of patients.

use super::super::{
    Dataset, Digest, Facts, File, Origin, Packing, Reading, Role, TableFormat, Variant, names,
};

pub(super) const BREAST_CANCER: Dataset = Dataset {
    name: "breast-cancer",
    about: "Breast tumours of Wisconsin, benign or malignant",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
    variants: &[
        Variant {
            name: "diagnostic",
            about: "569 tumours, 30 measurements of cell nuclei",
            files: &[File {
                path: "breast-cancer/wdbc.data",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/17/breast+cancer+wisconsin+diagnostic.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["wdbc.data"],
                    },
                    Origin::Url(
                        "https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin/wdbc.data",
                    ),
                ],
                bytes: Some(124_103),
                digest: Some(Digest::Content(
                    "d606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a",
                )),
                facts: Facts::Table {
                    rows: 569,
                    columns: 32,
                    missing: Some(0),
                    class_column: 1,
                    classes: &[("B", 357), ("M", 212)],
                },
            }],
            reading: Reading::Table(TableFormat {
                names: Some(names::WDBC),
                header: false,
                target: Some("diagnosis"),
                drop: &["id"],
                ..TableFormat::CSV
            }),
        },
        Variant {
            name: "original",
            about: "699 tumours, nine grades from 1 to 10",
            files: &[File {
                path: "breast-cancer/breast-cancer-wisconsin.data",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/15/breast+cancer+wisconsin+original.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["breast-cancer-wisconsin.data"],
                    },
                    Origin::Url(
                        "https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin/breast-cancer-wisconsin.data",
                    ),
                ],
                bytes: Some(19_889),
                digest: Some(Digest::Content(
                    "402c585309c399237740f635ef9919dc512cca12cbeb20de5e563a4593f22b64",
                )),
                facts: Facts::Table {
                    rows: 699,
                    columns: 11,
                    missing: Some(16),
                    class_column: 10,
                    classes: &[("2", 458), ("4", 241)],
                },
            }],
            reading: Reading::Table(TableFormat {
                names: Some(names::BREAST_CANCER_ORIGINAL),
                header: false,
                missing: &["?"],
                target: Some("class"),
                drop: &["id"],
                ..TableFormat::CSV
            }),
        },
    ],
};

pub(super) const DIABETES: Dataset = Dataset {
    name: "diabetes",
    about: "Onset of diabetes among 768 Pima women, 8 measurements",
    licence: "CC0 as commonly stated",
    home: "https://www.kaggle.com/datasets/uciml/pima-indians-diabetes-database",
    variants: &[Variant {
        name: "full",
        about: "all 768 women; 0 stands for missing in five columns",
        files: &[File {
            path: "diabetes/pima-indians-diabetes.csv",
            role: Role::Train,
            origins: &[Origin::Url(
                "https://raw.githubusercontent.com/jbrownlee/Datasets/master/pima-indians-diabetes.data.csv",
            )],
            bytes: Some(23_278),
            digest: Some(Digest::Content("6bfe5d0f379d17a0e0819b996407e3c09bf80febd4287f2ed212190dfff154af")),
            facts: Facts::Table {
                rows: 768,
                columns: 9,
                missing: Some(0),
                class_column: 8,
                classes: &[("0", 500), ("1", 268)],
            },
        }],
        reading: Reading::Table(TableFormat {
            names: Some(names::DIABETES),
            header: false,
            target: Some("outcome"),
            ..TableFormat::CSV
        }),
    }],
};

pub(super) const HEART: Dataset = Dataset {
    name: "heart",
    about: "Heart disease of 303 patients in Cleveland, 13 columns; num is 0 for none, to 4",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/45/heart+disease",
    variants: &[Variant {
        name: "cleveland",
        about: "all 303 patients of Cleveland",
        files: &[File {
            path: "heart/processed.cleveland.data",
            role: Role::Train,
            origins: &[
                Origin::Member {
                    url: "https://archive.ics.uci.edu/static/public/45/heart+disease.zip",
                    packing: Packing::Zip,
                    sha256: None,
                    member: &["processed.cleveland.data"],
                },
                Origin::Url(
                    "https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease/processed.cleveland.data",
                ),
            ],
            bytes: Some(18_461),
            digest: Some(Digest::Content("a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8")),
            facts: Facts::Table {
                rows: 303,
                columns: 14,
                missing: Some(6),
                class_column: 13,
                classes: &[("0", 164), ("1", 55), ("2", 36), ("3", 35), ("4", 13)],
            },
        }],
        reading: Reading::Table(TableFormat {
            names: Some(names::HEART),
            header: false,
            missing: &["?"],
            target: Some("num"),
            ..TableFormat::CSV
        }),
    }],
};
