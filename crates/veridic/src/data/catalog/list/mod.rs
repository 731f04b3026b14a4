//! Every known data set: homes, checksums and facts.
//!
//! A checksum stands here only where its publisher states it, or where a copy was compared with a statement of
//! others; elsewhere rows, classes and sizes tell a good copy.

mod image;
mod medicine;
mod series;
mod table;

use image::{CIFAR10, FASHION_MNIST, MNIST, USPS};
use medicine::{BREAST_CANCER, DIABETES, HEART};
use series::{NAB, SKAB, TIMEGAN_STOCK};
use table::{ADULT, BANK_MARKETING, BEIJING_PM25, CREDITCARD, DJIA, GERMAN_CREDIT, ONLINE_NEWS};

use super::Dataset;

/// By name.
pub(super) const DATASETS: &[Dataset] = &[
    ADULT,
    BANK_MARKETING,
    BEIJING_PM25,
    BREAST_CANCER,
    CIFAR10,
    CREDITCARD,
    DIABETES,
    DJIA,
    FASHION_MNIST,
    GERMAN_CREDIT,
    HEART,
    MNIST,
    NAB,
    ONLINE_NEWS,
    SKAB,
    TIMEGAN_STOCK,
    USPS,
];
