"""Statements that people write: judged by DuckDB's own parser before they run, so that they only read.

DuckDB has no rights of users, and would let a COPY, even inside a WITH, write in the folder of tables.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import duckdb
import pyarrow as pa

from kohort.errors import UsageError

_READING: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})


def relations_read(connection: duckdb.DuckDBPyConnection, statement: str, relations: frozenset[str]) -> frozenset[str]:
    """Return those of the relations that a statement names; all of them if it asks for others, or what there is.

    Raises UsageError unless it is one statement that only reads.

    >>> from kohort.storage.connections import open_duckdb
    >>> relations_read(open_duckdb(), "WITH a AS (SELECT 1) SELECT * FROM a, People", frozenset({"people", "events"}))
    frozenset({'people'})
    >>> relations_read(open_duckdb(), "DROP TABLE people", frozenset({"people", "events"}))
    Traceback (most recent call last):
    kohort.errors.UsageError: the statement does not only read; give one SELECT
    """
    parsed = _parsed(connection, statement)
    if parsed.get("error") and parsed["error_type"] == "parser":
        raise UsageError(f"could not read the statement: {parsed['error_message']}")
    nodes = list(_nodes(parsed))
    kinds = {node["type"] for node in nodes if isinstance(node.get("type"), str)}
    if parsed.get("error") or not {kind for kind in kinds if kind.endswith("_NODE")} <= _READING:
        raise UsageError("the statement does not only read; give one SELECT")
    if len(parsed["statements"]) != 1:
        raise UsageError(f"give one SELECT; here are {len(parsed['statements'])} statements")
    tables = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    named = {str(table["table_name"]).lower() for table in tables}
    own = {str(made["key"]).lower() for node in nodes for made in (node.get("cte_map") or {}).get("map", ())}
    elsewhere = kinds & {"SHOW_REF", "TABLE_FUNCTION"} or any(table["schema_name"] for table in tables)
    # A table of its own may be made from one of ours with the same name.
    return relations if elsewhere or named - own - relations else relations & named


def run_statement(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    """Return the answer to a statement that `relations_read` let pass; raises UsageError if it is wrong all the same.

    >>> from kohort.storage.connections import open_duckdb
    >>> run_statement(open_duckdb(), "SELECT 1 AS one").to_pylist()
    [{'one': 1}]
    """
    try:
        answer = connection.sql(statement).to_arrow_table()
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            "the statement needs more memory than kohort.yaml allows; ask for less at a time, or raise its `memory`"
        ) from error
    except duckdb.PermissionException as error:
        raise UsageError("the statement reads a file or an address; only the project's tables can be read") from error
    except duckdb.Error as error:
        raise UsageError(f"could not run the statement: {error}") from error
    twice = [name for name, times in Counter(answer.column_names).items() if times > 1]
    if twice:
        raise UsageError(f'two columns of the answer are called "{twice[0]}"; rename one with AS')
    return answer


def _parsed(connection: duckdb.DuckDBPyConnection, statement: str) -> dict[str, Any]:
    try:
        asked = connection.execute("SELECT CAST(json_serialize_sql($1::VARCHAR) AS VARCHAR)", [statement])
    except duckdb.Error as error:
        raise UsageError(f"could not read the statement: {error}") from error
    ((text,),) = asked.fetchall()
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def _nodes(parsed: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a parsed statement."""
    waiting = [parsed]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
