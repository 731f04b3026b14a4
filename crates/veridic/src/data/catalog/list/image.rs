//! Sets that are images.

use super::super::{Dataset, Digest, Facts, File, Origin, Packing, Reading, Role, TableFormat, Variant};

pub(super) const CIFAR10: Dataset = Dataset {
    name: "cifar10",
    about: "60000 colour photographs of 32 x 32 pixels in ten classes",
    licence: "none stated",
    home: "https://www.cs.toronto.edu/~kriz/cifar.html",
    variants: &[
        Variant {
            name: "full",
            about: "50000 training and 10000 test images",
            files: &[
                File {
                    path: "cifar10/data_batch_1.bin",
                    role: Role::Train,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/data_batch_1.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
                    )),
                    facts: Facts::Cifar { records: 10_000, classes: &[] },
                },
                File {
                    path: "cifar10/data_batch_2.bin",
                    role: Role::Train,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/data_batch_2.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
                    )),
                    facts: Facts::Cifar { records: 10_000, classes: &[] },
                },
                File {
                    path: "cifar10/data_batch_3.bin",
                    role: Role::Train,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/data_batch_3.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
                    )),
                    facts: Facts::Cifar { records: 10_000, classes: &[] },
                },
                File {
                    path: "cifar10/data_batch_4.bin",
                    role: Role::Train,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/data_batch_4.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
                    )),
                    facts: Facts::Cifar { records: 10_000, classes: &[] },
                },
                File {
                    path: "cifar10/data_batch_5.bin",
                    role: Role::Train,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/data_batch_5.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
                    )),
                    facts: Facts::Cifar { records: 10_000, classes: &[] },
                },
                File {
                    path: "cifar10/test_batch.bin",
                    role: Role::Test,
                    origins: &[Origin::Member {
                        url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                        packing: Packing::TarGz,
                        sha256: Some("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                        member: &["cifar-10-batches-bin/test_batch.bin"],
                    }],
                    bytes: Some(30_730_000),
                    digest: Some(Digest::Content(
                        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
                    )),
                    facts: Facts::Cifar {
                        records: 10_000,
                        classes: &[1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
                    },
                },
            ],
            reading: Reading::Cifar,
        },
        Variant {
            name: "part",
            about: "the first 4000 training and 1000 test images",
            files: &[
                File {
                    path: "cifar10/cifar10_train_first4000.bin.gz",
                    role: Role::Train,
                    origins: &[],
                    bytes: None,
                    digest: Some(Digest::Content(
                        "0993cf8b8e43bc207603aef9787006995746513f5e3fa5a52e06d1b069926330",
                    )),
                    facts: Facts::Cifar {
                        records: 4000,
                        classes: &[396, 366, 420, 384, 422, 393, 414, 385, 407, 413],
                    },
                },
                File {
                    path: "cifar10/cifar10_test_first1000.bin.gz",
                    role: Role::Test,
                    origins: &[],
                    bytes: None,
                    digest: Some(Digest::Content(
                        "8314c96d7cd65618193bab23acdd5d4c4af15bf6dd00a1781d55beedf3be1ef5",
                    )),
                    facts: Facts::Cifar {
                        records: 1000,
                        classes: &[103, 89, 100, 103, 90, 86, 112, 102, 106, 109],
                    },
                },
            ],
            reading: Reading::Cifar,
        },
        Variant {
            name: "automobile",
            about: "the class automobile, its pixels changed by JPEG",
            files: &[
                File {
                    path: "cifar10/automobile_train_5000_jpeg.bin.gz",
                    role: Role::Train,
                    origins: &[],
                    bytes: None,
                    digest: Some(Digest::Content(
                        "d7f053eae6c66377aaf341a6012bf0c7c5620d795f44237bfab7ce4f3496ddda",
                    )),
                    facts: Facts::Cifar { records: 5000, classes: &[0, 5000] },
                },
                File {
                    path: "cifar10/automobile_test_1000_jpeg.bin.gz",
                    role: Role::Test,
                    origins: &[],
                    bytes: None,
                    digest: Some(Digest::Content(
                        "69d4d973bdf6ceb9982b55f1ffc50e07f3631b36e99affb02dbc449ec352fe80",
                    )),
                    facts: Facts::Cifar { records: 1000, classes: &[0, 1000] },
                },
            ],
            reading: Reading::Cifar,
        },
    ],
};

pub(super) const FASHION_MNIST: Dataset = Dataset {
    name: "fashion-mnist",
    about: "70000 grey pictures of clothes, 28 x 28 pixels, ten classes",
    licence: "MIT",
    home: "https://github.com/zalandoresearch/fashion-mnist",
    variants: &[Variant {
        name: "full",
        about: "60000 training and 10000 test images",
        files: &[
            File {
                path: "fashion-mnist/train-images-idx3-ubyte.gz",
                role: Role::Train,
                origins: &[
                    Origin::Url(
                        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
                    ),
                    Origin::Url(
                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
                    ),
                    Origin::Url(
                        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-images-idx3-ubyte.gz",
                    ),
                ],
                bytes: Some(26_421_880),
                digest: Some(Digest::File(
                    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                )),
                facts: Facts::Idx { sizes: &[60000, 28, 28], classes: &[] },
            },
            File {
                path: "fashion-mnist/train-labels-idx1-ubyte.gz",
                role: Role::TrainLabels,
                origins: &[
                    Origin::Url(
                        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
                    ),
                    Origin::Url(
                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
                    ),
                    Origin::Url(
                        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-labels-idx1-ubyte.gz",
                    ),
                ],
                bytes: Some(29_515),
                digest: Some(Digest::File(
                    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                )),
                facts: Facts::Idx {
                    sizes: &[60000],
                    classes: &[6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000],
                },
            },
            File {
                path: "fashion-mnist/t10k-images-idx3-ubyte.gz",
                role: Role::Test,
                origins: &[
                    Origin::Url(
                        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
                    ),
                    Origin::Url(
                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
                    ),
                    Origin::Url(
                        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-images-idx3-ubyte.gz",
                    ),
                ],
                bytes: Some(4_422_102),
                digest: Some(Digest::File(
                    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                )),
                facts: Facts::Idx { sizes: &[10000, 28, 28], classes: &[] },
            },
            File {
                path: "fashion-mnist/t10k-labels-idx1-ubyte.gz",
                role: Role::TestLabels,
                origins: &[
                    Origin::Url(
                        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
                    ),
                    Origin::Url(
                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
                    ),
                    Origin::Url(
                        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-labels-idx1-ubyte.gz",
                    ),
                ],
                bytes: Some(5148),
                digest: Some(Digest::File(
                    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                )),
                facts: Facts::Idx {
                    sizes: &[10000],
                    classes: &[1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
                },
            },
        ],
        reading: Reading::Idx,
    }],
};

pub(super) const MNIST: Dataset = Dataset {
    name: "mnist",
    about: "70000 handwritten digits, 28 x 28 grey pixels",
    licence: "CC BY-SA 3.0 as commonly stated",
    home: "http://yann.lecun.com/exdb/mnist/",
    variants: &[Variant {
        name: "full",
        about: "60000 training and 10000 test images",
        files: &[
            File {
                path: "mnist/train-images-idx3-ubyte.gz",
                role: Role::Train,
                origins: &[
                    Origin::Url("https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz"),
                    Origin::Url(
                        "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
                    ),
                ],
                bytes: None,
                digest: Some(Digest::Content(
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                )),
                facts: Facts::Idx { sizes: &[60000, 28, 28], classes: &[] },
            },
            File {
                path: "mnist/train-labels-idx1-ubyte.gz",
                role: Role::TrainLabels,
                origins: &[
                    Origin::Url("https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz"),
                    Origin::Url(
                        "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
                    ),
                ],
                bytes: None,
                digest: Some(Digest::Content(
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                )),
                facts: Facts::Idx {
                    sizes: &[60000],
                    classes: &[5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
                },
            },
            File {
                path: "mnist/t10k-images-idx3-ubyte.gz",
                role: Role::Test,
                origins: &[
                    Origin::Url("https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz"),
                    Origin::Url(
                        "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
                    ),
                ],
                bytes: None,
                digest: Some(Digest::Content(
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                )),
                facts: Facts::Idx { sizes: &[10000, 28, 28], classes: &[] },
            },
            File {
                path: "mnist/t10k-labels-idx1-ubyte.gz",
                role: Role::TestLabels,
                origins: &[
                    Origin::Url("https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz"),
                    Origin::Url(
                        "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
                    ),
                ],
                bytes: None,
                digest: Some(Digest::Content(
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                )),
                facts: Facts::Idx {
                    sizes: &[10000],
                    classes: &[980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
                },
            },
        ],
        reading: Reading::Idx,
    }],
};

pub(super) const USPS: Dataset = Dataset {
    name: "usps",
    about: "9298 handwritten digits of post codes, 16 x 16 grey pixels",
    licence: "none stated",
    home: "https://hastie.su.domains/ElemStatLearn/data.html",
    variants: &[Variant {
        name: "full",
        about: "7291 training and 2007 test digits",
        files: &[
            File {
                path: "usps/zip.train.gz",
                role: Role::Train,
                origins: &[
                    Origin::Url("https://hastie.su.domains/ElemStatLearn/datasets/zip.train.gz"),
                    Origin::Url("https://web.stanford.edu/~hastie/ElemStatLearn/datasets/zip.train.gz"),
                ],
                bytes: None,
                digest: None,
                facts: Facts::Table {
                    rows: 7291,
                    columns: 258,
                    missing: None,
                    class_column: 0,
                    classes: &[
                        ("0.0000", 1194),
                        ("1.0000", 1005),
                        ("2.0000", 731),
                        ("3.0000", 658),
                        ("4.0000", 652),
                        ("5.0000", 556),
                        ("6.0000", 664),
                        ("7.0000", 645),
                        ("8.0000", 542),
                        ("9.0000", 644),
                    ],
                },
            },
            File {
                path: "usps/zip.test.gz",
                role: Role::Test,
                origins: &[
                    Origin::Url("https://hastie.su.domains/ElemStatLearn/datasets/zip.test.gz"),
                    Origin::Url("https://web.stanford.edu/~hastie/ElemStatLearn/datasets/zip.test.gz"),
                ],
                bytes: None,
                digest: None,
                facts: Facts::Table {
                    rows: 2007,
                    columns: 257,
                    missing: None,
                    class_column: 0,
                    classes: &[
                        ("0", 359),
                        ("1", 264),
                        ("2", 198),
                        ("3", 166),
                        ("4", 200),
                        ("5", 160),
                        ("6", 170),
                        ("7", 147),
                        ("8", 166),
                        ("9", 177),
                    ],
                },
            },
        ],
        reading: Reading::Digits(TableFormat {
            header: false,
            delimiter: b' ',
            target: Some("column_1"),
            ..TableFormat::CSV
        }),
    }],
};
