"""`kohort sql`: what the tables answer, as plain SQL values, and that nothing else can be read and nothing written."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kohort.cli.main import run_command
from kohort.definitions.values import ValueType, micros_of
from kohort.errors import UsageError
from kohort.pipeline.facts import traits_at
from kohort.project import Project
from kohort.storage.schemas import SCHEMAS
from kohort.testing.clock import SettableClock
from small_shop import NOW, order

STRANGE = "we\"ird'; DROP TABLE people; --"
OF_PEOPLE = {"people", "traits", "trait_columns", "consents", "consent_status", "purposes"}


def identify(number: int, person: str, *, days_ago: float, **traits: object) -> dict[str, object]:
    line = order(person, number, days_ago=days_ago)
    return {"type": "identify", "messageId": f"i-{number}", **{key: line[key] for key in ("userId", "timestamp")}} | {
        "traits": traits
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in Paris with three people, run as of 1 March 2026."""
    folder = tmp_path_factory.mktemp("asked")
    lines = [
        order("ada", 1, days_ago=2, total=10.25),
        order("ada", 2, days_ago=29, total=0.000001),
        order("ben", 3, days_ago=40, total=20),
        identify(4, "ada", days_ago=9, city="Lyon", clv=4.5, tags=["a", "b"], **{STRANGE: 1, "City": "capital"}),
        identify(5, "ada", days_ago=8, city=None, clv=5),
        identify(6, "ada", days_ago=-1, clv=99),
        {"type": "track", "event": "Visit", "messageId": "v", "anonymousId": "x", "timestamp": "2026-02-01T00:00:00Z"},
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "secret.csv").write_text("secret\n1\n")
    shop = Project.create(folder / "shop", time_zone="Europe/Paris", clock=SettableClock(NOW))
    shop.ingest(folder / "events.jsonl")
    list(shop.run("2026-03-01"))
    return folder


@pytest.fixture
def project(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of that project, beside the current folder's `secret.csv`."""
    folder = Path(shutil.copytree(ran, tmp_path / "copy"))
    monkeypatch.chdir(folder)
    return Project(folder / "shop", clock=SettableClock(NOW))


def rows(project: Project, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in project.sql(statement).to_pylist()]


def test_every_table_is_there(project: Project) -> None:
    assert {name for (name,) in rows(project, "SHOW TABLES")} == SCHEMAS.keys() | OF_PEOPLE
    for name, schema in SCHEMAS.items():
        found = project.sql(f"SELECT * FROM {name}")
        assert set(schema.names) <= set(found.column_names)
        if name not in {"events", "trait_values", "actors"}:
            assert found.num_rows == project.sql(f"SELECT count(*) AS n FROM {name}").to_pylist()[0]["n"]


def test_a_project_without_data_has_them_too(shop: Project) -> None:
    for name in (*SCHEMAS, *OF_PEOPLE):
        assert shop.sql(f"SELECT * FROM {name}").num_rows == 0


def test_numbers_are_exact_decimals_and_moments_are_in_the_time_zone_of_the_project(project: Project) -> None:
    assert rows(project, "SELECT sum(total) FROM events") == [(Decimal("30.250001"),)]
    assert rows(
        project,
        "SELECT strftime(date_trunc('month', ts), '%Y-%m-%d %H:%M'), count(*) FROM events GROUP BY 1 ORDER BY 1",
    ) == [
        ("2026-01-01 00:00", 2),
        ("2026-02-01 00:00", 2),
    ]
    assert str(project.sql("SELECT ts FROM events").schema.field("ts").type) == "timestamp[us, tz=Europe/Paris]"


@pytest.mark.parametrize(
    "statement",
    [
        "WITH people AS (SELECT * FROM people) SELECT count(*) FROM people",
        "WITH events AS (SELECT 1) SELECT count(*) FROM People, events",
        "SELECT (SELECT count(DISTINCT person_id) FROM main.traits)",
        "FROM (SELECT count(*) FROM query_table('people'))",
        "SELECT count(*) FROM memory.main.people",
        "SELECT count(*) FROM people SEMI JOIN (SELECT person_id FROM actors UNION FROM (SELECT '')) USING (person_id)",
    ],
)
def test_a_statement_has_what_it_names_however_it_names_it(project: Project, statement: str) -> None:
    assert rows(project, statement) == [(3,)]


def test_traits_are_the_values_in_force_now(project: Project) -> None:
    columns = dict(rows(project, 'SELECT name, "column" FROM trait_columns'))
    assert (columns["City"], columns["city"], columns[STRANGE]) == ("City", "city_", STRANGE)
    held = 'SELECT user_id, city_, "City", clv, tags FROM traits JOIN people USING (person_id) ORDER BY 1 NULLS LAST'
    assert rows(project, held) == [
        ("ada", None, "capital", Decimal(5), ["a", "b"]),
        ("ben", None, None, None, None),
        (None, None, None, None, None),
    ]


def test_traits_are_what_rules_and_scores_see(project: Project) -> None:
    workspace = project._workspace()
    catalog = workspace.catalog({})
    with workspace.views(catalog) as views:
        seen = traits_at(views, list(catalog.traits.items()), at=NOW)
    columns = dict(rows(project, 'SELECT name, "column" FROM trait_columns'))
    asked = project.sql("SELECT * FROM traits ORDER BY person_id")
    assert seen.num_rows == asked.num_rows > 0
    for name, kind in catalog.traits.items():
        values = asked.column(columns[name]).to_pylist()
        if kind is ValueType.NUMBER:
            values = [value if value is None else micros_of(value) for value in values]
        assert values == seen.column(name).to_pylist(), name


def test_a_segment_has_as_many_people_in_sql_as_anywhere(project: Project) -> None:
    stored = dict(rows(project, "SELECT segment, count(*) FROM memberships WHERE left_at IS NULL GROUP BY 1"))
    sizes = dict(rows(project, "SELECT segment, arg_max(size, seq) FROM segment_sizes GROUP BY 1"))
    listed = {one.name: one.size for one in project.segments() if one.size is not None}
    assert sum(listed.values()) > 0
    assert sizes == listed
    assert {name: size for name, size in listed.items() if size} == stored
    assert all(project.members(name).num_rows == size for name, size in listed.items())


WRITING = [
    "COPY (SELECT 1) TO '{tables}/x.csv'",
    "WITH x AS (COPY (SELECT 1) TO '{tables}/x.csv') SELECT 1",
    "SELECT (WITH x AS (COPY (SELECT 1) TO '{tables}/x.csv') SELECT 1)",
    "WITH x AS (INSERT INTO actors VALUES ('a', 'b', 1) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM actors RETURNING *) FROM x",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL (WITH y AS (UPDATE actors SET person_id = '' RETURNING *) FROM y)) FROM x",
    "EXPORT DATABASE '{tables}/x'",
    "ATTACH '{tables}/x.db'",
    "CREATE TABLE x AS SELECT 1",
    "DROP TABLE actors",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1TB'",
    "PRAGMA threads = 64",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "CHECKPOINT",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{tables}/x.csv'",
    "PREPARE x AS SELECT 1",
    "BEGIN",
    "",
    "-- nothing",
]
READING_ELSEWHERE = [
    "FROM 'secret.csv'",
    "FROM read_csv('secret.csv')",
    "FROM read_text('secret.csv')",
    "FROM read_blob('/etc/pass*')",
    "FROM glob('*')",
    "FROM sniff_csv('secret.csv')",
    "FROM read_text('{tables}/../../kohort.yaml')",
    "FROM read_parquet('https://example.com/x.parquet')",
    "FROM query('FROM read_text(''secret.csv'')')",
]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("statement", WRITING)
def test_what_does_not_only_read_is_refused_before_it_runs(project: Project, statement: str) -> None:
    before = files_of(Path.cwd())
    with pytest.raises(UsageError, match=r"does not only read|give one SELECT"):
        project.sql(statement.format(tables=project.folder.tables))
    assert files_of(Path.cwd()) == before


@pytest.mark.parametrize("statement", READING_ELSEWHERE)
def test_nothing_else_can_be_read(project: Project, statement: str) -> None:
    with pytest.raises(UsageError, match="only the project's tables can be read"):
        project.sql(statement.format(tables=project.folder.tables))


def test_the_variables_of_the_program_are_no_tables(project: Project) -> None:
    secret = project.sql("SELECT 1 AS one")
    with pytest.raises(UsageError, match="secret does not exist"):
        project.sql("FROM secret")
    assert secret.num_rows == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELEC 1", 'could not read the statement: syntax error at or near "SELEC"'),
        ("SELECT * FROM membership", 'Did you mean "memberships"?'),
        ("SELECT 1; SELECT 2", "here are 2 statements"),
        ("SELECT 1 AS a, 2 AS a", 'two columns of the answer are called "a"'),
        ("SELECT 'a'::INTEGER", "could not run the statement: Conversion Error"),
    ],
)
def test_a_wrong_statement_is_a_clear_error(project: Project, statement: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        project.sql(statement)
    assert said in str(caught.value)


def test_memory_is_limited_and_the_disk_is_not_used_instead(project: Project) -> None:
    with project.folder.settings.open("a") as settings:
        settings.write("memory: 64MB\n")
    before = files_of(Path.cwd())
    with pytest.raises(UsageError, match="more memory than kohort"):
        project.sql("SELECT count(DISTINCT i || 'x') FROM range(20000000) t(i)")
    assert files_of(Path.cwd()) == before


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        (
            "json",
            '[{"n": 1.500000, "at": "2026-03-01T12:00:00+01:00", "none": null, "nan": null, "text": "=1", "l": ["é"]}]',
        ),
        ("csv", 'n,at,none,nan,text,l\n1.500000,2026-03-01T12:00:00+01:00,,nan,\'=1,"[""é""]"'),
    ],
)
def test_answers_keep_every_digit(
    project: Project, capsys: pytest.CaptureFixture[str], form: str, printed: str
) -> None:
    statement = (
        "SELECT 1.5::DECIMAL(19, 6) AS n, '2026-03-01 12:00'::TIMESTAMPTZ AS at, NULL AS none, 'nan'::DOUBLE AS nan, "
        "'=1' AS text, ['é'] AS l"
    )
    assert run_command(["sql", statement, "--project", str(project.folder.path), "--format", form]) == 0
    assert capsys.readouterr().out == f"{printed}\n"
