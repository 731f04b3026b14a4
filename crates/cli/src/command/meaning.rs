//! What the figures of a report are, each in a line.

/// Figures by the end of their name, with what they are; the first that fits is taken.
const FIGURES: [(&str, &str); 87] = [
    ("train.epochs", "epochs trained"),
    ("test.loss_per_pixel", "loss of test images for each value"),
    (".loss", "mean nats a row; lower is better"),
    (
        "control.pca.reconstruction",
        "share of the variance of test windows that as many principal components lose",
    ),
    (".unexplained", "share of the variance of test windows that does not come back"),
    (".fill_error", "root of the mean squared error of stretches put back; lower is better"),
    (".delay", "points from the first sign of an unusual stretch to its alarm, of those found"),
    (".found", "share of unusual stretches with an alarm; 1 is best"),
    (".kurtosis", "how heavy the tails of changes are; 3 is normal"),
    (
        "discriminative_score",
        "how much more often than by chance made windows are told from real ones, 0 to 0.5; copies reach 0",
    ),
    ("context_fid", "distance of made from real windows by principal components of these; 0 is best"),
    ("predictive_score", "error a step ahead on real windows, learned from made ones; lower is better"),
    (".leverage", "correlation of a change with the size of the next"),
    (".autocorrelation_1", "correlation of a change with the next"),
    (".volatility_1", "correlation of the sizes of changes one step apart"),
    (".volatility_5", "correlation of the sizes of changes five steps apart"),
    (".volatility_10", "correlation of the sizes of changes ten steps apart"),
    (".reconstruction", "the part of the loss for how rows are given back"),
    (".kl", "the part of the loss for how far codes lie from the prior"),
    ("test.elbo", "a bound below the log-likelihood of test rows, nats a row; higher is better"),
    ("test.nll", "minus the estimated log-likelihood, nats a test row; lower is better"),
    ("test.nll_sd", "how far that estimate varies between repeats"),
    ("test.nll_samples", "draws that estimate is made of"),
    ("test.log_likelihood", "mean nats a test row; higher is better"),
    ("auroc", "how often a positive test row scores above another; 0.5 is chance, 1 is best"),
    (
        "average_precision",
        "area under precision and recall of positive test rows; their share is chance, 1 is best",
    ),
    ("test.accuracy", "share of test rows whose target is told; 1 is best"),
    ("test.error", "share of test rows whose class is told wrong; 0 is best"),
    ("pseudo.error", "share of training rows without a label that were told wrong"),
    ("pseudo.taken_error", "share of the labels taken in the last round that are wrong; biased errors stay"),
    ("pseudo.rows", "rows that had a label of the network's own in the last round"),
    ("pseudo.rounds", "rounds of such labels"),
    ("graph.error", "share of test rows that the graph alone tells wrong"),
    (
        "argmax_best_f1",
        "balance of found and false test rows by the most probable class, with the weights kept",
    ),
    ("argmax_final_f1", "the same with the weights of the last step"),
    ("best_f1", "balance of found and false rows with a threshold, with the weights kept; 1 is best"),
    ("final_f1", "the same with the weights of the last step"),
    ("argmax_f1", "balance of found and false rows by the most probable class; 1 is best"),
    ("held", "what is left of the best F1 on validation rows at the end of training; 1 is all"),
    ("natural_f1", "balance of found and false rows at the natural rate of positive rows; 1 is best"),
    ("natural_average_precision", "average precision at the natural rate of positive rows; 1 is best"),
    ("test.noisy_error", "mean squared difference of spoilt test rows from the clean ones"),
    ("test.restored_error", "mean squared difference of restored test rows from the clean ones"),
    ("latent.active_units", "latent dimensions that vary with the row"),
    ("latent.probe_accuracy", "how often a straight line on codes tells the label; 1 is best"),
    ("latent.mig", "how well single latent dimensions follow single factors; 1 is best"),
    ("latent.sap", "how well single latent dimensions follow single factors; 1 is best"),
    ("latent.factor_vae_score", "how well latent dimensions are parted by factor; 1 is best"),
    ("sample.shape_similarity", "how alike made and test columns are; 1 is best"),
    ("sample.correlation_similarity", "how alike correlations of made and test columns are; 1 is best"),
    ("sample.diversity", "how far made rows lie apart, as a share of how far real ones do; 1 is best"),
    ("sample.frechet", "distance of made from real images among features; lower is better"),
    ("sample.modes", "groups of the data that made rows reach"),
    ("sample.reverse_kl", "how unevenly made rows are spread over the groups, nats; lower is better"),
    ("sample.high_quality", "share of made rows near a group; 1 is best"),
    ("sample.classifier_score", "how sure and how varied a classifier finds made images; higher is better"),
    ("sample.class_accuracy", "share of made images of the class they were asked for; 1 is best"),
    ("table.shapes", "how alike made and test columns are, one by one; 1 is best"),
    ("table.pairs", "how alike pairs of columns are; 1 is best"),
    ("table.c2st_unseen", "whether trees tell made rows from test rows: 1 not at all, 0 always"),
    ("table.c2st", "whether trees tell made rows from training rows: 1 not at all, 0 always"),
    ("table.judged_rows", "rows of each that were compared: trees that learn from more tell more"),
    ("table.tstr", "AUROC on test rows of trees that learned from made rows; compare with table.trtr"),
    ("table.trtr", "AUROC on test rows of trees that learned from training rows"),
    ("table.alpha_precision", "share of made rows that look like real ones; 1 is best"),
    ("table.beta_recall", "share of real rows that made ones look like; 1 is best"),
    ("privacy.dcr_share", "share of made rows nearer to training than to held-out rows; 0.5 is best"),
    ("privacy.tail2", "share of made rows nearer to a training row than 98 % of held-out rows; 0.02 is best"),
    (
        "privacy.copies",
        "share of made rows that equal a training row but for nearly unique columns; compare with the ceiling's",
    ),
    ("privacy.exact_copies", "share of made rows that equal a training row in every cell"),
    ("privacy.membership_auc", "how well it is told which rows were trained on; 0.5 is best"),
    ("privacy.membership_tpr_at_1", "rows told to have been trained on at 1 % of false alarms; 0.01 is best"),
    ("privacy.domias_auc", "how well it is told by densities which rows were trained on; 0.5 is best"),
    ("privacy.domias_tpr_at_1", "likewise at 1 % of false alarms; 0.01 is best"),
    ("detector.threshold", "the score that the share of training rows below is reckoned to reach"),
    ("detector.contamination", "share of training rows reckoned to be unusual"),
    ("classifier.accuracy", "share of real test images that the judging classifier tells"),
    ("labels.rows", "labels that were looked at"),
    ("labels.classes", "classes among these"),
    ("test.vus_pr", "how well unusual points are ranked, with some slack; 1 is best"),
    ("test.f1", "balance of found and false points above the threshold of alarms; 1 is best"),
    ("test.segment_f1", "balance of found and false stretches; 1 is best"),
    ("test.false_alarm_rate", "share of usual points above the threshold"),
    ("test.missed_alarm_rate", "share of unusual points below the threshold"),
    ("real.auroc", "the same of real rows alone"),
    ("sample.mean", "mean of made values"),
    ("sample.sd", "standard deviation of made values"),
];

/// What the figure `name` of a report is; empty where it is not known.
pub(super) fn meaning(name: &str) -> String {
    if let Some(of) = name.strip_prefix("floor.") {
        return format!("{of} of rows whose columns were shuffled each for itself");
    }
    if let Some(of) = name.strip_prefix("ceiling.") {
        return format!("{of} of training rows as they are");
    }
    let known = FIGURES.iter().find(|(end, _)| {
        name.strip_suffix(end)
            .is_some_and(|before| before.is_empty() || end.starts_with('.') || before.ends_with('.'))
    });
    let text = known.map_or("", |(_, text)| text);
    let part = match name.split('.').next() {
        Some("train") if name != "train.epochs" => "of training rows: ",
        Some("valid") => "of validation rows: ",
        Some("test") if text.starts_with("mean nats a row") => "of test rows: ",
        Some("control") => "a simple rule to compare with: ",
        Some("latent") if matches!(known, Some(("auroc" | "average_precision", _))) => {
            "of neighbors among codes: "
        }
        _ => "",
    };
    if text.is_empty() { String::new() } else { format!("{part}{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_what_they_are_of() {
        assert_eq!(meaning("train.loss"), "of training rows: mean nats a row; lower is better");
        assert!(meaning("test.auroc").starts_with("how often a positive test row"));
        assert!(meaning("control.pca.auroc").starts_with("a simple rule to compare with: how often"));
        assert_eq!(
            meaning("floor.table.pairs"),
            "table.pairs of rows whose columns were shuffled each for itself"
        );
        assert!(
            meaning("table.c2st_unseen").contains("test rows")
                && meaning("table.c2st").contains("training rows")
        );
        assert_eq!(meaning("something.else"), "");
        let mut names: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
