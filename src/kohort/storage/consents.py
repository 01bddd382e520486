"""Consents as relations of DuckDB: what was chosen, by purpose, and what that comes to for each person."""

from collections.abc import Mapping, Sequence
from typing import Final

import duckdb

# `kohort.profiles.consents` says the meaning. The changes in the number of refusals are summed up to every moment: over
# the categories of one form of an actor, and then over a person's actors, each with the answer of who spoke last.
_STATUS: Final = """
WITH told AS (
    SELECT person_id, purpose, actor_id, form, category, effective_at, NOT bool_and(granted) AS refused
    FROM consent_choices JOIN purposes USING (category) JOIN actors USING (actor_id)
    GROUP BY ALL
), by_category AS (
    SELECT *, refused::BIGINT - coalesce(lag(refused::BIGINT) OVER (
        PARTITION BY purpose, actor_id, form, category ORDER BY effective_at
    ), 0) AS change
    FROM told
), by_form AS (
    SELECT person_id, purpose, actor_id, effective_at, sum(sum(change)) OVER (
        PARTITION BY purpose, actor_id, form ORDER BY effective_at
    ) > 0 AS refused
    FROM by_category GROUP BY person_id, purpose, actor_id, form, effective_at
), by_actor AS (
    SELECT person_id, purpose, actor_id, effective_at, bool_or(refused) AS refused FROM by_form GROUP BY ALL
), changed AS (
    SELECT *, refused::BIGINT - coalesce(lag(refused::BIGINT) OVER (
        PARTITION BY purpose, actor_id ORDER BY effective_at
    ), 0) AS change
    FROM by_actor
), by_person AS (
    SELECT person_id, purpose, effective_at, sum(sum(change)) OVER (
        PARTITION BY person_id, purpose ORDER BY effective_at
    ) = 0 AS granted
    FROM changed GROUP BY person_id, purpose, effective_at
)
SELECT person_id, purpose, granted, effective_at AS since
FROM by_person
QUALIFY granted IS DISTINCT FROM lag(granted) OVER (PARTITION BY person_id, purpose ORDER BY effective_at)
"""

_CONSENTS: Final = """
SELECT person_id, actor_id, purpose, category, CASE
        WHEN granted THEN 'granted'
        WHEN lag(granted) OVER (
            PARTITION BY purpose, actor_id, form, category ORDER BY effective_at, granted DESC, event_id
        ) THEN 'withdrawn'
        ELSE 'denied'
    END AS status,
    effective_at, recorded_at, source, form, proof, event_id
FROM consent_choices JOIN purposes USING (category) JOIN actors USING (actor_id)
"""


def add_consents(
    connection: duckdb.DuckDBPyConnection, purposes: Mapping[str, Sequence[str]], *, temporary: bool = True
) -> None:
    """Add `purposes(purpose, category)` and the views that derive from it, `consents` and `consent_status`.

    The connection has `consent_choices` and `actors` already. They are its own, unless not `temporary`.

    >>> connection = duckdb.connect()
    >>> chosen = "SELECT 'a' AS actor_id, 'Ads' AS category, true AS granted, 5 AS effective_at, 5 AS recorded_at"
    >>> rest = "'web' AS source, 'record' AS form, '' AS proof, 'm1' AS event_id"
    >>> _ = connection.execute(f"CREATE TABLE consent_choices AS {chosen}, {rest}")
    >>> _ = connection.execute("CREATE TABLE actors AS SELECT 'a' AS actor_id, 'p' AS person_id")
    >>> add_consents(connection, {"ads": ["ads", "Ads"]})
    >>> connection.execute("SELECT * FROM consent_status").fetchall()
    [('p', 'ads', True, 5)]
    """
    make = f"CREATE OR REPLACE {'TEMPORARY ' if temporary else ''}"
    connection.execute(f"{make} TABLE purposes (purpose VARCHAR, category VARCHAR)")
    rows = [[purpose, category] for purpose, categories in purposes.items() for category in categories]
    if rows:
        connection.executemany("INSERT INTO purposes VALUES ($1, $2)", rows)
    connection.execute(f"{make} VIEW consent_status AS {_STATUS}")
    connection.execute(f"{make} VIEW consents AS {_CONSENTS}")
