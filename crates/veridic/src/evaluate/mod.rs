//! Metrics, as functions over slices, and the controls that a model has to beat.
//!
//! Scores are higher for what is more unusual, labels are true for unusual rows. A figure that is not defined for its
//! input (no rows, one class, NaN) is an [`EvaluateError`](crate::error::EvaluateError), never a silent NaN.

mod active;
mod attack;
mod cluster;
mod confusion;
mod control;
mod dependence;
mod disentanglement;
mod fairness;
mod frechet;
mod importance;
mod interval;
mod k_map;
mod latent;
mod logistic;
mod map;
mod mode;
mod pair;
mod probe;
mod range;
mod rank;
mod ranking;
mod rate;
mod record;
mod sequence;
mod similarity;
mod singling;
mod summary;
mod support;
#[cfg(test)]
mod tests;
mod volume;

pub use active::active_units;
pub use attack::{
    AttackRisk, Membership, Rate, disclosure, domias, linkability, membership, most_frequent, nearness,
    unique_values_repeated,
};
pub use cluster::density_clusters;
pub use confusion::{BestF1, Confusion, accuracy, best_f1, confusion_at, f1_at, most_likely};
pub use control::{knn_distance, pca_reconstruction_error};
pub use dependence::dependences;
pub use disentanglement::{factor_vae_score, mutual_information_gap, separated_attribute_predictability};
pub use fairness::{FEW, Fairness, GroupRates, association, fairness};
pub use frechet::{classifier_score, frechet_distance};
pub use importance::{ImportanceDisentanglement, importance_disentanglement};
pub use interval::{Interval, RankingInterval, mean_interval, ranking_interval};
pub use k_map::{KMap, k_map};
pub use latent::latent_score;
pub use logistic::LogisticRegression;
pub use map::{
    class_preservation, distance_correlation, knn_accuracy, map_quality, neighbor_preservation,
    trustworthiness,
};
pub use mode::{ModeCoverage, mode_coverage};
pub use pair::{PairTrends, pair_trends};
pub use probe::linear_probe;
pub use range::{SegmentCounts, flagged_ranges, merged_ranges};
pub(crate) use rank::rank_correlation;
pub use ranking::{
    PrecisionRecallPoint, RocPoint, auroc, average_precision, precision_recall_curve, roc_curve,
};
pub use rate::{average_precision_at_rate, best_f1_at_rate, f1_at_rate, threshold_of_unlabelled};
pub use record::{Closeness, closeness, equal_rows, repeated_rows};
pub use sequence::{discriminative_score, predictive_score};
pub use similarity::{
    ColumnSimilarity, CorrelationSimilarity, PairSimilarity, ShapeSimilarity, correlation_similarity,
    kolmogorov_smirnov, shape_similarity,
};
pub use singling::singling_out;
pub use summary::{Histogram, histogram, mean, quantile, standard_deviation};
pub use support::{Support, support};
pub use volume::vus_pr;
