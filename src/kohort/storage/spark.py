"""Apache Spark as a store of the SQL engine, by PySpark (the extra `[spark]`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kohort.errors import MissingExtraError, ProjectError, StorageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Spark has no temporary tables: a view of the session's, whose rows are kept, stands for one.
_KEPT: Final = re.compile(r"CREATE TEMPORARY VIEW `(?P<name>\w+)` AS (?P<select>.*)", re.DOTALL)

_SETTINGS: Final = {
    "spark.sql.ansi.enabled": "true",  # what a type cannot hold is an error, never another number
    "spark.sql.caseSensitive": "true",  # two properties may differ in case alone
}


class SparkStore:
    """A session of Spark's as a store of the SQL engine; see `open_spark`.

    The relations are tables or temporary views that the session finds by their bare names. A table made on the way is
    a temporary view whose rows the cluster keeps, in memory and beyond it on its disks: computed once, seen by this
    session alone, nothing to clean up after a crash. Executors that are lost, and a cluster that does not answer, raise
    StorageError; a right or a relation that is missing ProjectError.
    """

    dialect = "spark"

    def __init__(self, session: "SparkSession") -> None:
        self.session = session
        self._kept: dict[str, DataFrame] = {}
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        with _told():
            if made := _KEPT.fullmatch(text):
                self._keep(made["name"], self._sql(made["select"], values))
            else:
                self._sql(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        with _told():
            return self._sql(text, values).toArrow()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Forget what the statements inside made; rows that others write meanwhile are seen (a gap of Spark's)."""
        try:
            yield
        finally:
            with _told():
                self._forget()

    def _sql(self, text: str, values: Sequence[object]) -> "DataFrame":
        return self.session.sql(text, args={f"p{number}": value for number, value in enumerate(values, start=1)})

    def _keep(self, name: str, rows: "DataFrame") -> None:
        self._kept[name] = rows.persist()
        rows.count()
        rows.createOrReplaceTempView(name)

    def _forget(self) -> None:
        while self._kept:
            name, rows = self._kept.popitem()
            self.session.catalog.dropTempView(name)
            rows.unpersist()


@contextmanager
def open_spark(address: str, settings: Mapping[str, str] | None = None) -> Iterator[SparkStore]:
    """Open a session at the master `address` (`spark://host:7077`, `yarn`, `local[2]`) and stop it in the end.

    `settings` are Spark's own; others are read from `spark-defaults.conf` as Spark does. Raises MissingExtraError
    without the extra `[spark]`, ProjectError without a Java that Spark can start or where a session is open already
    (hand that one to SparkStore), StorageError where the cluster does not answer.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra, and half a second
    except ImportError as error:
        raise MissingExtraError("spark", "running on Spark") from error
    if SparkSession.getActiveSession() is not None:
        raise ProjectError("a Spark session is open already; hand it to kohort.storage.spark.SparkStore")
    builder = SparkSession.builder.master(address).appName("kohort").config("spark.ui.showConsoleProgress", "false")
    for name, value in (settings or {}).items():
        builder = builder.config(name, value)
    with _told():
        session = builder.getOrCreate()
    try:
        yield SparkStore(session)
    finally:
        session.stop()


@contextmanager
def _told() -> Iterator[None]:
    """Say in Kohort's errors what Spark refused, and what to do about it."""
    from py4j.protocol import Py4JError  # noqa: PLC0415 - as above
    from pyspark.errors import AnalysisException, PySparkException  # noqa: PLC0415

    try:
        yield
    except AnalysisException as error:
        raise ProjectError(
            f"Spark has not what the project expects: {_first_line(error)}; a table changed its shape, or the session "
            "does not see it"
        ) from error
    except PySparkException as error:
        if error.getCondition() in {"JAVA_GATEWAY_EXITED", "JAVA_VERSION_NOT_SUPPORTED"}:
            raise ProjectError(
                "Spark's Java did not start: install Java 17 (on Debian the package openjdk-17-jre-headless) and let "
                "JAVA_HOME name its folder"
            ) from error
        raise StorageError(f"Spark did not finish: {_first_line(error)}; nothing was changed") from error
    except (Py4JError, ConnectionError) as error:
        raise StorageError(f"Spark does not answer: {_first_line(error)}; nothing was changed") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
