"""The same settings on Spark: the same pairs, nearly as sure as on DuckDB."""

import pytest

from kohort.quality.duplicates.blocking import choose_rules
from kohort.quality.duplicates.guessing import fields_of
from kohort.quality.duplicates.linking import Pairs, link
from kohort.quality.duplicates.preparation import prepared
from kohort.testing.french_people import french_people
from kohort.testing.spark import open_local_cluster


@pytest.mark.stores
@pytest.mark.filterwarnings("ignore")  # of Spark's and splink's own
def test_spark_finds_the_pairs_that_duckdb_finds() -> None:
    from splink.backends.spark import SparkAPI  # noqa: PLC0415 - only with Spark
    from splink.internals.spark.jar_location import similarity_jar_location  # noqa: PLC0415 - as above

    made = french_people(3, 60, duplicated=0.5)
    table = prepared(made.columns, fields_of(made.columns, ignored=["client"]))
    blocking = choose_rules(table, 50)
    here = link(table, blocking, seed=1)
    with open_local_cluster({"spark.jars": similarity_jar_location(), "spark.sql.ansi.enabled": "false"}) as store:
        store.session.conf.set("spark.sql.ansi.enabled", "false")
        api = SparkAPI(  # type: ignore[no-untyped-call]
            spark_session=store.session, num_partitions_on_repartition=2, break_lineage_method="persist"
        )
        there = link(table, blocking, seed=1, api=api)
    # A few distances are another on Spark: such a pair may be in another level, and all others learn from it.
    assert told(there) == pytest.approx(told(here), abs=0.02)
    assert there.kin.sum() == here.kin.sum()


def told(pairs: Pairs) -> dict[tuple[int, int], float]:
    records = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    return dict(zip(records, pairs.probability.tolist(), strict=True))
