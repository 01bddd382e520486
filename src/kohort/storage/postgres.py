"""PostgreSQL as a store of the SQL engine, by psycopg 3 (the extra `[postgres]`)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from kohort.errors import LockedError, MissingExtraError, ProjectError, StorageError

if TYPE_CHECKING:
    import psycopg

# The numbers that PostgreSQL's catalog pg_type gives to the types of the engine's columns.
_TYPES: Final = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    25: pa.string(),
    1043: pa.string(),
    1009: pa.list_(pa.string()),
    1015: pa.list_(pa.string()),
}


class PostgresStore:
    """A connection to PostgreSQL as a store of the SQL engine; see `open_postgres`.

    The relations are found by the connection's search path. Everything inside `snapshot` is one transaction that is
    repeatable, so that rows that others write meanwhile are not seen. A connection that is lost raises StorageError,
    a right or a relation that is missing ProjectError.
    """

    dialect = "postgres"

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.connection = connection

    def run(self, text: str, values: Sequence[object]) -> None:
        """Run a statement that gives no rows."""
        with _told():
            self.connection.execute(text, values)

    def fetch(self, text: str, values: Sequence[object]) -> pa.Table:
        """Run a statement and return its rows."""
        with _told():
            cursor = self.connection.execute(text, values, binary=True)
            rows = cursor.fetchall()
        fields = [pa.field(one.name, _TYPES[one.type_code]) for one in cursor.description or ()]
        columns = zip(*rows, strict=True) if rows else ((),) * len(fields)
        arrays = [pa.array(list(column), field.type) for column, field in zip(columns, fields, strict=True)]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Show one state of the data to all statements inside; undo what they made if an error leaves it."""
        with _told(), self.connection.transaction():
            yield

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep every other run that would write the results called `name` out; raises LockedError if one is there.

        The server releases the lock if the connection is lost.
        """
        place = ["kohort", name]
        lock = "SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS got"
        if not self.fetch(lock, place)["got"][0].as_py():
            raise LockedError(f'another run is writing the results in "{name}"; wait until it ends, then try again')
        try:
            yield
        finally:
            if not self.connection.closed:
                self.run("SELECT pg_advisory_unlock(hashtext($1), hashtext($2))", place)


@contextmanager
def open_postgres(address: str) -> Iterator[PostgresStore]:
    """Connect to PostgreSQL at `address` (`postgresql://user@host/database`, or libpq's words) and close it in the end.

    Raises MissingExtraError without the extra `[postgres]`, StorageError where nobody answers.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra, and a twentieth of a second
    except ImportError as error:
        raise MissingExtraError("postgres", "reading PostgreSQL") from error
    try:
        psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        # What libpq says of it may repeat a part of a password.
        raise ProjectError("the address is none that PostgreSQL reads; write postgresql://user@host/database") from None
    with _told():
        connection = psycopg.connect(address, autocommit=True, cursor_factory=psycopg.RawCursor)
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        # The tables made on the way change their columns under equal statements, so none is kept prepared.
        connection.prepare_threshold = None
        # A statement of hundreds of conditions takes longer to compile than to run.
        connection.execute("SET jit = off")
        yield PostgresStore(connection)


@contextmanager
def _told() -> Iterator[None]:
    """Say in Kohort's errors what PostgreSQL refused, and what to do about it."""
    import psycopg  # noqa: PLC0415 - as above
    from psycopg import errors  # noqa: PLC0415

    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise ProjectError(
            f"PostgreSQL refused: {_first_line(error)}; grant the right, or connect as another"
        ) from error
    except errors.SerializationFailure as error:
        raise LockedError(
            f"others changed the same rows: {_first_line(error)}; nothing was changed: try again"
        ) from error
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction) as error:
        raise ProjectError(
            f"PostgreSQL has not what the project expects: {_first_line(error)}; a table changed its shape, or the "
            "search path does not hold it"
        ) from error
    except psycopg.OperationalError as error:
        raise StorageError(f"PostgreSQL does not answer: {_first_line(error)}; nothing was changed") from error
    except psycopg.Error as error:
        raise ProjectError(f"PostgreSQL refused: {_first_line(error)}; nothing was changed") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
