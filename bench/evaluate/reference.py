"""Numbers of Anonymeter and fairlearn that the tests of `crates/veridic/src/evaluate` are held to.

pip install anonymeter==1.1.0 fairlearn==0.15.0; python reference.py
"""
from anonymeter.stats.confidence import EvaluationResults
from fairlearn.metrics import (
    MetricFrame, demographic_parity_difference, demographic_parity_ratio, equalized_odds_difference,
    false_positive_rate, selection_rate, true_positive_rate,
)

results = EvaluationResults(n_attacks=100, n_success=30, n_baseline=5, n_control=10, confidence_level=0.95)
print("anonymeter attack", results.attack_rate, "control", results.control_rate, "risk", results.risk())

# The rows of the unit test of fairness.rs, without its group of three.
group, truth, told = [], [], []
for name, found in [("a", 10), ("b", 20)]:
    group += [name] * 40
    truth += [1] * 20 + [0] * 20
    told += [1] * found + [0] * (20 - found) + [1] * 5 + [0] * 15
args = dict(y_true=truth, y_pred=told, sensitive_features=group)
print("fairlearn", demographic_parity_difference(**args), demographic_parity_ratio(**args), equalized_odds_difference(**args))
print(MetricFrame(metrics={"sel": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}, **args).by_group)
