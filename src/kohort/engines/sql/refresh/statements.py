"""The statements that keep tables in a store: made once, and then some rows of them put in others' place."""

from sqlglot import expressions as exp

from kohort.clock import Moment
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.refresh.arrivals import Arrivals
from kohort.engines.sql.refresh.feeds import Load
from kohort.engines.sql.statements import Statement, printed
from kohort.engines.sql.terms import PERSON, Parameters, all_of, any_of, column, is_there, named, number


def keep_rows(table: str, select: exp.Query, parameters: Parameters) -> Statement:
    """Return the statement that makes a lasting table of what `select` finds."""
    return printed(exp.Create(this=exp.to_table(table), kind="TABLE", expression=select), parameters)


def stood_and_came(table: str, changes: str, columns: list[str]) -> exp.Select:
    """Return the rows of `changes`, and those of `table` of the same people."""
    named_columns = [column(PERSON), *(column(name) for name in columns)]
    stood = exp.select(*named_columns).from_(table).where(_of_people_in(changes))
    both = exp.union(stood, exp.select(*(one.copy() for one in named_columns)).from_(changes), distinct=False)
    return exp.select("*").from_(both.subquery("both"))


def delete_people(dialect: Dialect, table: str, people: str) -> Statement:
    """Return the statement that takes the rows of the people in the table `people` out of `table`."""
    return printed(exp.delete(exp.to_table(table)).where(_of_people_in(people)), Parameters(dialect))


def insert_rows(dialect: Dialect, table: str, rows: str, columns: list[str]) -> Statement:
    """Return the statement that puts the rows of the table `rows` into `table`."""
    names = [exp.to_identifier(name, quoted=True) for name in (PERSON, *columns)]
    select = exp.select(*(exp.column(name.copy()) for name in names)).from_(rows)
    into = exp.Schema(this=exp.to_table(table), expressions=names)
    return printed(exp.Insert(this=into, expression=select), Parameters(dialect))


def look_over(dialect: Dialect, table: str) -> Statement:
    """Return the statement that lets a store see how many rows a table has, which tells whether to seek or to scan."""
    return printed(exp.Analyze(tables=[exp.to_table(table)]), Parameters(dialect))


def count_people(dialect: Dialect, table: str) -> Statement:
    """Return the statement for the number `people` of rows in `table`, one a person."""
    select = exp.select(named(exp.Count(this=exp.Star()), "people")).from_(table)
    return printed(select, Parameters(dialect))


def count_concerned(dialect: Dialect, tables: list[str], at: Moment) -> Statement:
    """Return the statement for the number `people` of those who exist at `at` and are in any of `tables`."""
    inside = [_of_people_in(table) for table in tables]
    exist = exp.LTE(this=column("first_seen"), expression=number(at))
    select = exp.select(named(exp.Count(this=exp.Star()), "people")).from_("people")
    return printed(select.where(all_of([exist, any_of(inside)])), Parameters(dialect))


def latest_cursor(dialect: Dialect, load: Load, upto: int, since: int | None) -> Statement:
    """Return the statement for the greatest cursor `latest` of a load from `since`, None: any, to `upto`; or NULL."""
    greatest = exp.select(named(exp.Max(this=column(load.cursor.column)), "latest")).from_(load.relation)
    greatest = greatest.where(load.cursor.upto(upto))
    if since is not None:
        greatest = greatest.where(load.cursor.since(since))
    select = exp.select(named(load.cursor.read(column("latest"), dialect), "latest"))
    return printed(select.from_(greatest.subquery("greatest")), Parameters(dialect))


def first_moment(dialect: Dialect, arrivals: Arrivals) -> Statement:
    """Return the statement for the first moment `first_ts` of the rows that are new; NULL if there is none."""
    parameters = Parameters(dialect)
    select = exp.select(named(exp.Min(this=column(arrivals.time)), "first_ts"))
    return printed(select.from_(arrivals.rows(parameters, None, ())).where(arrivals.new()), parameters)


def new_values(subject: str, held: str, arrivals: Arrivals, table: str | None, parameters: Parameters) -> exp.Select:
    """Return the distinct values `value` in the column `held` of new rows that are not in `table`, None: all."""
    rows = [exp.EQ(this=column("name"), expression=parameters.bind(subject)), is_there(column(held)), arrivals.new()]
    if table is not None:
        known = exp.In(this=column(held), query=exp.select(column("value")).from_(table).subquery())
        rows.append(exp.Not(this=known))
    select = exp.select(named(column(held), "value")).distinct().from_(arrivals.rows(parameters, [subject], ()))
    return select.where(all_of(rows))


def kept_values(dialect: Dialect, table: str) -> Statement:
    """Return the statement for the values `value` in a table of them."""
    return printed(exp.select(column("value")).from_(table), Parameters(dialect))


def list_tables(dialect: Dialect) -> Statement:
    """Return the statement that lists the tables of the current schema of a store whose tables are written anew."""
    return printed(exp.Command(this="SHOW", expression="TABLES"), Parameters(dialect))


def make_record(dialect: Dialect, table: str) -> Statement:
    """Return the statement that makes the table of the one document, if it is not there."""
    text = exp.ColumnDef(this=exp.to_identifier("document", quoted=True), kind=exp.DataType.build("TEXT"))
    schema = exp.Schema(this=exp.to_table(table), expressions=[text])
    return printed(exp.Create(this=schema, kind="TABLE", exists=True), Parameters(dialect))


def read_record(dialect: Dialect, table: str) -> Statement:
    """Return the statement for the document."""
    return printed(exp.select(column("document")).from_(table), Parameters(dialect))


def clear_record(dialect: Dialect, table: str) -> Statement:
    """Return the statement that takes the document out; of two that run at once, the second waits here."""
    return printed(exp.delete(exp.to_table(table)), Parameters(dialect))


def write_record(dialect: Dialect, table: str, document: str) -> Statement:
    """Return the statement that puts a document in."""
    parameters = Parameters(dialect)
    into = exp.Schema(this=exp.to_table(table), expressions=[exp.to_identifier("document", quoted=True)])
    return printed(exp.Insert(this=into, expression=exp.select(parameters.bind(document))), parameters)


def _of_people_in(table: str) -> exp.Expr:
    return exp.In(this=column(PERSON), query=exp.select(column(PERSON)).from_(table).subquery())
