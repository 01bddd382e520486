"""Apache Spark as a store of the SQL engine, by PySpark (the extra `[spark]`)."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from kohort.errors import MissingExtraError, ProjectError, StorageError
from kohort.storage.lock import write_lock

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Spark has no temporary tables: a view of the session's, whose rows are kept, stands for one. One that may replace
# another is a view and no more. Both are made of what Spark has read, since the text of a view takes no bound values.
_MADE: Final = re.compile(r"CREATE (?P<view>OR REPLACE )?TEMPORARY VIEW `(?P<name>\w+)` AS (?P<select>.*)", re.DOTALL)

_WAREHOUSE: Final = "spark.sql.warehouse.dir"
_CATALOG: Final = "spark.sql.catalogImplementation"
_SETTINGS: Final = {
    "spark.sql.ansi.enabled": "true",  # what a type cannot hold is an error, never another number
    "spark.sql.caseSensitive": "true",  # two properties may differ in case alone
    # Kept rows bring what was known of their columns, also of such as are no more, over which a union then fails.
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.session.timeZone": "UTC",  # a time without a zone is read as if it were UTC, then put into its zone
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
        self._made: list[str] = []
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        with _told():
            if made := _MADE.fullmatch(text):
                self._make(made["name"], self._sql(made["select"], values), kept=made["view"] is None)
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

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep every other run out that would write the results called `name`; raises LockedError if one is there.

        That is held where the warehouse is a folder of this machine. Elsewhere nothing is: a gap of Spark's.
        """
        with _told():
            warehouse = urlsplit(self.session.conf.get(_WAREHOUSE) or "")
        local = warehouse.scheme in {"", "file"} and warehouse.path
        with write_lock(Path(unquote(warehouse.path), f".{name}.lock")) if local else nullcontext():
            yield

    def _sql(self, text: str, values: Sequence[object]) -> "DataFrame":
        return self.session.sql(text, args={f"p{number}": value for number, value in enumerate(values, start=1)})

    def _make(self, name: str, rows: "DataFrame", *, kept: bool) -> None:
        # Kept rows without what they were made of: each statement would be planned with all of those before it.
        made = rows.localCheckpoint() if kept else rows
        made.createOrReplaceTempView(name)
        self._made.append(name)

    def _forget(self) -> None:
        while self._made:
            self.session.catalog.dropTempView(self._made.pop())


def lasting(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return `settings` of Spark with which tables last: in a catalog that does; a relative warehouse is in `folder`.

    >>> lasting({"spark.sql.warehouse.dir": "warehouse"}, Path("/shop"))
    {'spark.sql.catalogImplementation': 'hive', 'spark.sql.warehouse.dir': '/shop/warehouse'}
    """
    found = {_CATALOG: "hive", **settings}
    if _WAREHOUSE in found and not urlsplit(found[_WAREHOUSE]).scheme:
        found[_WAREHOUSE] = str(folder.absolute() / found[_WAREHOUSE])
    return found


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
    # What Spark refuses is said once, in Kohort's words.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
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
