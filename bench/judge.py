"""Judges synthetic rows of a table with libraries that know nothing of Veridic.

    judge.py REAL.csv SYN.csv [--unseen HOLDOUT.csv] [--target COLUMN --test TEST.csv] [--categorical a,b,c]

REAL are the rows the model was fitted on, SYN as many synthetic ones, HOLDOUT as many real rows that it never saw, TEST
real rows to test on what a classifier learned from SYN. Prints one JSON object:
  shapes, pairs   SDMetrics quality report, 1 is best (shapes: also of independent columns; pairs tell)
  c2st            1 - mean of |2 AUC - 1| of XGBoost telling REAL from SYN, 3 folds: 1 cannot be told, 0 can. Copies score 1.
  c2st_unseen     the same against HOLDOUT: copying does not help. The stricter figure.
  dcr_share       share of SYN nearer to REAL than to HOLDOUT (ties half): 0.5 is ideal, more is copying
  tail2           share of SYN nearer to REAL than 98 % of HOLDOUT rows are: 0.02 is ideal
  dup_syn, dup_holdout   share of rows equal to a REAL row, columns of nearly unique values left out
  tstr, trtr      AUROC on TEST of XGBoost trained on SYN, and on REAL
Needs (pinned where it matters): pip install pandas "sdmetrics>=0.29" "xgboost>=3" scikit-learn
"""
import argparse, json, warnings
import numpy as np, pandas as pd
warnings.filterwarnings("ignore")

def read(path): return pd.read_csv(path, keep_default_na=False, na_values=[""], skipinitialspace=True)

def c2st(real, syn, categorical):
    import xgboost as xgb
    from sklearn.model_selection import StratifiedKFold
    from sklearn.metrics import roc_auc_score
    both = pd.concat([real, syn[list(real)]], ignore_index=True)
    truth = np.r_[np.ones(len(real)), np.zeros(len(syn))]
    for column in categorical: both[column] = pd.Categorical(both[column].astype(str))
    scores = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(both, truth):
        model = xgb.XGBClassifier(n_jobs=2, enable_categorical=True, tree_method="hist", random_state=0)
        model.fit(both.iloc[train], truth[train])
        scores.append(roc_auc_score(truth[test], model.predict_proba(both.iloc[test])[:, 1]))
    return 1 - float(np.mean([2 * max(.5, score) - 1 for score in scores]))

def quality(real, syn, categorical):
    from sdmetrics.reports.single_table import QualityReport
    kinds = {"columns": {c: {"sdtype": "categorical" if c in categorical else "numerical"} for c in real}}
    np.random.seed(0)
    report = QualityReport(); report.generate(real, syn[list(real)], kinds, verbose=False)
    parts = report.get_properties().set_index("Property").Score
    return float(parts["Column Shapes"]), float(parts["Column Pair Trends"])

def learned(train, test, target, categorical):
    import xgboost as xgb
    from sklearn.metrics import roc_auc_score
    both = pd.concat([train, test[list(train)]], ignore_index=True)
    for column in categorical: both[column] = pd.Categorical(both[column].astype(str))
    features = [c for c in both if c != target]; n = len(train)
    if target in categorical:
        truth = (both[target].astype(str) == sorted(both[target].astype(str).unique())[-1]).astype(int).to_numpy()
        model = xgb.XGBClassifier(n_jobs=2, enable_categorical=True, n_estimators=100, max_depth=5, learning_rate=.1)
        model.fit(both[features].iloc[:n], truth[:n])
        return float(roc_auc_score(truth[n:], model.predict_proba(both[features].iloc[n:])[:, 1]))
    model = xgb.XGBRegressor(n_jobs=2, enable_categorical=True, n_estimators=100, max_depth=5, learning_rate=.1)
    model.fit(both[features].iloc[:n], both[target].iloc[:n])
    return float(np.sqrt(np.mean((model.predict(both[features].iloc[n:]) - both[target].iloc[n:]) ** 2)))

def encoded(frames, reference, categorical):
    numeric = [c for c in reference if c not in categorical]
    low = {c: np.nanmin(reference[c].astype(float)) for c in numeric}
    span = {c: np.nanmax(reference[c].astype(float)) - low[c] + 1e-12 for c in numeric}
    levels = {c: sorted(set(reference[c].astype(str))) for c in categorical}
    for frame in frames:
        a = [np.nan_to_num((frame[c].to_numpy(float) - low[c]) / span[c], nan=2.) for c in numeric]
        b = [pd.Categorical(frame[c].astype(str), categories=levels[c]).codes for c in categorical]
        yield np.stack(a, 1).astype(np.float32) if a else np.zeros((len(frame), 1), np.float32), np.stack(b, 1).astype(np.int16) if b else np.zeros((len(frame), 1), np.int16)

def nearest(rows, to):
    out = np.empty(len(rows[0]), np.float32)
    for start in range(0, len(out), 64):
        n, c = rows[0][start:start + 64], rows[1][start:start + 64]
        d = np.zeros((len(n), len(to[0])), np.float32)
        for k in range(n.shape[1]): d += np.abs(n[:, k, None] - to[0][None, :, k])
        for k in range(c.shape[1]): d += 2 * (c[:, k, None] != to[1][None, :, k])
        out[start:start + 64] = d.min(1)
    return out

def keys(frame, without): return frame[[c for c in frame if c not in without]].astype(str).agg("|".join, axis=1)

def main():
    p = argparse.ArgumentParser(); p.add_argument("real"); p.add_argument("syn")
    for name in ("--unseen", "--target", "--test", "--categorical"): p.add_argument(name)
    a = p.parse_args()
    real, syn = read(a.real), read(a.syn)
    categorical = [c for c in real if not pd.api.types.is_numeric_dtype(real[c])]
    categorical += [c for c in (a.categorical or "").split(",") if c and c not in categorical]
    shapes, pairs = quality(real, syn, categorical)
    out = dict(rows=[len(real), len(syn)], shapes=shapes, pairs=pairs, c2st=c2st(real, syn, categorical))
    if a.unseen:
        held = read(a.unseen); n = min(4000, len(syn), len(held))
        out["c2st_unseen"] = c2st(held, syn.iloc[:len(held)], categorical)
        r, h, s = encoded([real, held, syn.iloc[:n]], pd.concat([real, held]), categorical)
        to_real, to_held = nearest(s, r), nearest(s, h)
        base = nearest((h[0][:n], h[1][:n]), r)
        out["dcr_share"] = float((to_real < to_held - 1e-7).mean() + .5 * (abs(to_real - to_held) <= 1e-7).mean())
        out["tail2"] = float((to_real <= np.quantile(base, .02)).mean())
        near_unique = [c for c in real if real[c].nunique() > .2 * len(real)]
        seen = set(keys(real, near_unique))
        out["dup_syn"], out["dup_holdout"] = (float(keys(f[list(real)], near_unique).isin(seen).mean()) for f in (syn, held))
    if a.target and a.test:
        test = read(a.test); out["tstr"], out["trtr"] = learned(syn, test, a.target, categorical), learned(real, test, a.target, categorical)
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in out.items()}))

main()
