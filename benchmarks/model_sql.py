"""Scoring people in SQL, against doing it in Python: CPU seconds of the same run, and whoever differs.

    python benchmarks/model_sql.py [people features]

Both sides begin with the features in memory, a fiftieth missing, and end with one score and one band a person. Bands
begin at scores that people have, where the last bit of a sum would tell.
"""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from lightgbm import LGBMClassifier
from scoring import LEARNT_FROM, population, timed
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from kohort.learning.models.conversion.convert import plain_model
from kohort.learning.models.scoring import scores
from kohort.learning.models.scoring_sql import Band, scoring_query
from kohort.learning.models.trees import Trees


def estimators() -> Iterator[tuple[str, Any]]:
    yield "logistic", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    yield "forest 20, depth 5", RandomForestClassifier(20, max_depth=5, random_state=0)
    yield "gradient boosting 100, depth 3", make_pipeline(SimpleImputer(), GradientBoostingClassifier(random_state=0))
    yield "histogram boosting 50, 16 leaves", HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=16)
    yield (
        "the same, 3 folds isotonic",
        CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=16), method="isotonic", cv=3),
    )
    yield "XGBoost 50, depth 4", XGBClassifier(n_estimators=50, max_depth=4, n_jobs=1, random_state=0)
    yield "LightGBM 100, 31 leaves", LGBMClassifier(verbose=-1, n_jobs=1, random_state=0)


def main() -> None:
    people, features = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (1_000_000, 20)
    values, labels = population(people, features)
    names = [f"feature {one}" for one in range(features)]
    table = pa.table([np.arange(people), *values.T], names=["person_id", *names])
    print(f"{people:,} people, {features} features; CPU seconds")
    print(f"{'model':33}{'leaves':>7}{'kB':>6}{'writing':>9}{'DuckDB':>8}{'Python':>8}{'difference':>12}{'bands':>7}")
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("arrow", table)
        connection.execute("CREATE TABLE features AS SELECT * FROM arrow")
        for name, estimator in estimators():
            model = plain_model(estimator.fit(values[:LEARNT_FROM], labels[:LEARNT_FROM]), names)
            scores(model, values[:10])
            expected, python_seconds = timed(lambda model=model: scores(model, values))
            cuts = np.quantile(expected, [0.5, 0.9], method="nearest").tolist()
            bands = [Band("middle", cuts[0]), Band("upper", cuts[1])]
            statement, writing = timed(lambda model=model, b=bands: scoring_query(model, bands=b).sql(dialect="duckdb"))
            found, sql_seconds = timed(lambda text=statement: connection.sql(text).to_arrow_table())
            order = np.argsort(found.column("person_id").to_numpy())
            apart = np.abs(found.column("score").to_numpy()[order] - expected).max()
            told = np.array(found.column("band").fill_null("lower").to_pylist())[order]
            meant = np.array(["lower", "middle", "upper"])[np.searchsorted(cuts, expected, side="right")]
            leaves = sum(part.core.leaves for part in model.parts if isinstance(part.core, Trees))
            print(
                f"{name:33}{leaves:7,}{len(statement) // 1024:6,}{writing:9.2f}{sql_seconds:8.2f}{python_seconds:8.2f}"
                f"{apart:12.1e}{int((told != meant).sum()):7}"
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
