//! What the numbers of a Parquet column stand for.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::schema::types::ColumnDescriptor;

/// What a stored number stands for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Plain,
    Unsigned,
    /// So many of ten to the power of `scale` are one.
    Decimal {
        precision: i32,
        scale: i32,
    },
    Days,
    /// Units a second, of a moment everywhere or of a clock on the wall.
    Moment {
        per_second: f64,
        is_utc: bool,
    },
    /// Units a second of a time of day.
    Time(f64),
}

impl Meaning {
    /// The number that a stored one stands for.
    pub(super) fn value(self, stored: f64) -> f64 {
        match self {
            Self::Plain | Self::Unsigned => stored,
            // Dividing by a power of ten gives the nearest float to the decimal, multiplying would not.
            Self::Decimal { scale, .. } => stored / 10_f64.powi(scale),
            Self::Days => stored * 86_400.0,
            Self::Moment { per_second, .. } | Self::Time(per_second) => stored / per_second,
        }
    }
}

/// What the numbers of a column stand for.
pub(super) fn meaning(descriptor: &ColumnDescriptor) -> Meaning {
    match descriptor.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) => {
            Meaning::Decimal { precision: decimal.precision, scale: decimal.scale }
        }
        Some(LogicalType::Date) => Meaning::Days,
        Some(LogicalType::Timestamp(timestamp)) => Meaning::Moment {
            per_second: per_second(&timestamp.unit),
            is_utc: timestamp.is_adjusted_to_u_t_c,
        },
        Some(LogicalType::Time(time)) => Meaning::Time(per_second(&time.unit)),
        Some(LogicalType::Integer(integer)) if !integer.is_signed => Meaning::Unsigned,
        Some(_) => Meaning::Plain,
        None => match descriptor.converted_type() {
            ConvertedType::DECIMAL => {
                Meaning::Decimal { precision: descriptor.type_precision(), scale: descriptor.type_scale() }
            }
            ConvertedType::DATE => Meaning::Days,
            ConvertedType::TIMESTAMP_MILLIS => Meaning::Moment { per_second: 1e3, is_utc: true },
            ConvertedType::TIMESTAMP_MICROS => Meaning::Moment { per_second: 1e6, is_utc: true },
            ConvertedType::TIME_MILLIS => Meaning::Time(1e3),
            ConvertedType::TIME_MICROS => Meaning::Time(1e6),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Meaning::Unsigned,
            _ => Meaning::Plain,
        },
    }
}

fn per_second(unit: &TimeUnit) -> f64 {
    match unit {
        TimeUnit::MILLIS => 1e3,
        TimeUnit::MICROS => 1e6,
        TimeUnit::NANOS => 1e9,
    }
}
