//! Tables of people, markets and weather.

use super::super::{
    Dataset, Digest, Facts, File, Origin, Packing, Reading, Role, TableFormat, Variant, names,
};

pub(super) const ADULT: Dataset = Dataset {
    name: "adult",
    about: "Census income above 50K: 48842 adults, 14 columns",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/2/adult",
    variants: &[Variant {
        name: "full",
        about: "the published training and test files",
        files: &[
            File {
                path: "adult/adult.data",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/2/adult.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["adult.data"],
                    },
                    Origin::Url("https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data"),
                ],
                bytes: Some(3_974_305),
                digest: Some(Digest::Content(
                    "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
                )),
                facts: Facts::Table {
                    rows: 32_561,
                    columns: 15,
                    missing: Some(4262),
                    class_column: 14,
                    classes: &[("<=50K", 24_720), (">50K", 7841)],
                },
            },
            File {
                path: "adult/adult.test",
                role: Role::Test,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/2/adult.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["adult.test"],
                    },
                    Origin::Url("https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test"),
                ],
                bytes: Some(2_003_153),
                digest: Some(Digest::Content(
                    "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
                )),
                facts: Facts::Table {
                    rows: 16_281,
                    columns: 15,
                    missing: Some(2203),
                    class_column: 14,
                    classes: &[("<=50K.", 12_435), (">50K.", 3846)],
                },
            },
        ],
        reading: Reading::Table(TableFormat {
            names: Some(names::ADULT),
            header: false,
            trim: true,
            missing: &["?"],
            comment: Some(b'|'),
            target: Some("income"),
            target_suffix: Some("."),
            ..TableFormat::CSV
        }),
    }],
};

pub(super) const BANK_MARKETING: Dataset = Dataset {
    name: "bank-marketing",
    about: "Term deposit sold by telephone: 41188 calls of a Portuguese bank, 20 columns",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/222/bank+marketing",
    variants: &[
        Variant {
            name: "additional",
            about: "41188 calls with 20 columns, among them five economic indicators",
            files: &[File {
                path: "bank-marketing/bank-additional-full.csv",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["bank-additional.zip", "bank-additional/bank-additional-full.csv"],
                    },
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank-additional.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["bank-additional/bank-additional-full.csv"],
                    },
                ],
                bytes: Some(5_834_924),
                digest: Some(Digest::Content(
                    "74adfc578bf77a7ff4bb1ba4a9f8709d9e3c6907342959c2c8416847e0afb4d8",
                )),
                facts: Facts::Table {
                    rows: 41_188,
                    columns: 21,
                    missing: Some(0),
                    class_column: 20,
                    classes: &[("no", 36_548), ("yes", 4640)],
                },
            }],
            reading: Reading::Table(TableFormat { delimiter: b';', target: Some("y"), ..TableFormat::CSV }),
        },
        Variant {
            name: "original",
            about: "45211 calls with 16 columns",
            files: &[File {
                path: "bank-marketing/bank-full.csv",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["bank.zip", "bank-full.csv"],
                    },
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/00222/bank.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["bank-full.csv"],
                    },
                ],
                bytes: Some(4_610_348),
                digest: Some(Digest::Content(
                    "d1513ec63b385506f7cfce9f2c5caa9fe99e7ba4e8c3fa264b3aaf0f849ed32d",
                )),
                facts: Facts::Table {
                    rows: 45_211,
                    columns: 17,
                    missing: Some(0),
                    class_column: 16,
                    classes: &[("no", 39_922), ("yes", 5289)],
                },
            }],
            reading: Reading::Table(TableFormat { delimiter: b';', target: Some("y"), ..TableFormat::CSV }),
        },
        Variant {
            name: "archive",
            about: "a zip of both forms and their tenth parts; unpack it into bank-marketing to use it",
            files: &[File {
                path: "bank-marketing/bank-additional.zip",
                role: Role::Train,
                origins: &[],
                bytes: Some(959_222),
                digest: Some(Digest::File(
                    "d7872ede7e2e89ef41f98027c976e8dfc8f6fc402e20208ce31adbdc6f092030",
                )),
                facts: Facts::Opaque,
            }],
            reading: Reading::Archive,
        },
    ],
};

pub(super) const BEIJING_PM25: Dataset = Dataset {
    name: "beijing-pm25",
    about: "Hourly fine dust and weather in Beijing, 2010 to 2014",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data",
    variants: &[Variant {
        name: "full",
        about: "all 43824 hours",
        files: &[File {
            path: "beijing-pm25/PRSA_data_2010.1.1-2014.12.31.csv",
            role: Role::Train,
            origins: &[
                Origin::Member {
                    url: "https://archive.ics.uci.edu/static/public/381/beijing+pm2+5+data.zip",
                    packing: Packing::Zip,
                    sha256: None,
                    member: &["PRSA_data_2010.1.1-2014.12.31.csv"],
                },
                Origin::Url(
                    "https://archive.ics.uci.edu/ml/machine-learning-databases/00381/PRSA_data_2010.1.1-2014.12.31.csv",
                ),
            ],
            bytes: None,
            digest: None,
            facts: Facts::Table {
                rows: 43_824,
                columns: 13,
                missing: Some(2067),
                class_column: 9,
                classes: &[("SE", 15_290), ("NW", 14_150), ("cv", 9387), ("NE", 4997)],
            },
        }],
        reading: Reading::Table(TableFormat {
            missing: &["NA"],
            target: Some("pm2.5"),
            drop: &["No"],
            ..TableFormat::CSV
        }),
    }],
};

pub(super) const CREDITCARD: Dataset = Dataset {
    name: "creditcard",
    about: "Card payments of two days in 2013, 492 of them fraud; 28 principal components, time and amount",
    licence: "Open Database License 1.0, contents Database Contents License 1.0",
    home: "https://www.kaggle.com/datasets/mlg-ulb/creditcardfraud",
    variants: &[
        Variant {
            name: "full",
            about: "all 284807 transactions",
            files: &[File {
                path: "creditcard/creditcard.csv",
                role: Role::Train,
                origins: &[Origin::Url(
                    "https://storage.googleapis.com/download.tensorflow.org/data/creditcard.csv",
                )],
                bytes: Some(150_828_752),
                digest: Some(Digest::Content(
                    "76274b691b16a6c49d3f159c883398e03ccd6d1ee12d9d8ee38f4b4b98551a89",
                )),
                facts: Facts::Table {
                    rows: 284_807,
                    columns: 31,
                    missing: Some(0),
                    class_column: 30,
                    classes: &[("0", 284_315), ("1", 492)],
                },
            }],
            reading: Reading::Table(TableFormat {
                target: Some("Class"),
                drop: &["Time"],
                ..TableFormat::CSV
            }),
        },
        Variant {
            name: "subset",
            about: "every fraud and 17217 genuine transactions, most from the first hours",
            files: &[File {
                path: "creditcard/creditcard_subset.csv.gz",
                role: Role::Train,
                origins: &[],
                bytes: None,
                digest: Some(Digest::Content(
                    "f70c62344a0a443bb9f578d7d762316453f1207e8e7b15bbe2fb54119a11e829",
                )),
                facts: Facts::Table {
                    rows: 17_709,
                    columns: 31,
                    missing: Some(0),
                    class_column: 30,
                    classes: &[("0", 17_217), ("1", 492)],
                },
            }],
            reading: Reading::Table(TableFormat {
                target: Some("Class"),
                drop: &["Time"],
                ..TableFormat::CSV
            }),
        },
        Variant {
            name: "uniform",
            about: "every fraud and 8637 genuine transactions drawn over the whole time",
            files: &[File {
                path: "creditcard/creditcard_uniform_subset.csv.gz",
                role: Role::Train,
                origins: &[],
                bytes: Some(2_217_581),
                digest: Some(Digest::File(
                    "5938fa9b81dc3ff38f938cf092868e9f05942bbfcf3432484c1a06a15b07bdc9",
                )),
                facts: Facts::Table {
                    rows: 9129,
                    columns: 31,
                    missing: Some(0),
                    class_column: 30,
                    classes: &[("0", 8637), ("1", 492)],
                },
            }],
            reading: Reading::Table(TableFormat {
                target: Some("Class"),
                drop: &["Time"],
                ..TableFormat::CSV
            }),
        },
    ],
};

pub(super) const DJIA: Dataset = Dataset {
    name: "djia",
    about: "Daily prices of 31 shares, 2006 to 2017",
    licence: "CC0",
    home: "https://www.kaggle.com/datasets/szrlee/stock-time-series-20050101-to-20171231",
    variants: &[Variant {
        name: "full",
        about: "all 93612 days of shares",
        files: &[File {
            path: "djia/all_stocks_2006-01-01_to_2018-01-01.csv",
            role: Role::Train,
            origins: &[Origin::Url(
                "https://raw.githubusercontent.com/szrlee/Stock-Time-Series-Analysis/master/data/all_stocks_2006-01-01_to_2018-01-01.csv",
            )],
            bytes: Some(4_478_864),
            digest: Some(Digest::Content("d796906ae3797b950d23cea8e4839072c4bde60a6b97886ee6fede9b793e191c")),
            facts: Facts::Table {
                rows: 93_612,
                columns: 7,
                missing: Some(55),
                class_column: 6,
                classes: &[("AAPL", 3019)],
            },
        }],
        reading: Reading::Table(TableFormat::CSV),
    }],
};

pub(super) const GERMAN_CREDIT: Dataset = Dataset {
    name: "german-credit",
    about: "Credit risk of 1000 customers, 20 columns; class 1 is good, 2 is bad",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/144/statlog+german+credit+data",
    variants: &[Variant {
        name: "full",
        about: "all 1000 customers, categories as codes",
        files: &[File {
            path: "german-credit/german.data",
            role: Role::Train,
            origins: &[
                Origin::Member {
                    url: "https://archive.ics.uci.edu/static/public/144/statlog+german+credit+data.zip",
                    packing: Packing::Zip,
                    sha256: None,
                    member: &["german.data"],
                },
                Origin::Url(
                    "https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data",
                ),
            ],
            bytes: Some(79_793),
            digest: Some(Digest::Content("b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871")),
            facts: Facts::Table {
                rows: 1000,
                columns: 21,
                missing: Some(0),
                class_column: 20,
                classes: &[("1", 700), ("2", 300)],
            },
        }],
        reading: Reading::Table(TableFormat {
            names: Some(names::GERMAN_CREDIT),
            header: false,
            delimiter: b' ',
            target: Some("class"),
            ..TableFormat::CSV
        }),
    }],
};

pub(super) const ONLINE_NEWS: Dataset = Dataset {
    name: "online-news",
    about: "Shares of articles of one news site, 58 features",
    licence: "CC BY 4.0",
    home: "https://archive.ics.uci.edu/dataset/332/online+news+popularity",
    variants: &[
        Variant {
            name: "full",
            about: "all 39644 articles",
            files: &[File {
                path: "online-news/OnlineNewsPopularity.csv",
                role: Role::Train,
                origins: &[
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/static/public/332/online+news+popularity.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["OnlineNewsPopularity/OnlineNewsPopularity.csv"],
                    },
                    Origin::Member {
                        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/00332/OnlineNewsPopularity.zip",
                        packing: Packing::Zip,
                        sha256: None,
                        member: &["OnlineNewsPopularity/OnlineNewsPopularity.csv"],
                    },
                ],
                bytes: None,
                digest: None,
                facts: Facts::Table {
                    rows: 39_644,
                    columns: 61,
                    missing: Some(0),
                    class_column: 60,
                    classes: &[],
                },
            }],
            reading: Reading::Table(TableFormat {
                trim: true,
                target: Some("shares"),
                drop: &["url", "timedelta"],
                ..TableFormat::CSV
            }),
        },
        Variant {
            name: "reduced",
            about: "4954 articles, the latest",
            files: &[File {
                path: "online-news/OnlineNewsPopularity_reduced.csv.gz",
                role: Role::Train,
                origins: &[],
                bytes: None,
                digest: Some(Digest::Content(
                    "590e28521c326443b19ab70a52af911294e97363c099388730038c71ff019438",
                )),
                facts: Facts::Table {
                    rows: 4954,
                    columns: 61,
                    missing: Some(0),
                    class_column: 60,
                    classes: &[],
                },
            }],
            reading: Reading::Table(TableFormat {
                trim: true,
                target: Some("shares"),
                drop: &["url", "timedelta"],
                ..TableFormat::CSV
            }),
        },
    ],
};
