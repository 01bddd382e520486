"""A kept narrow table: made of all rows once, then mended by those that came and those that went."""

from dataclasses import dataclass

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.narrow import Subject
from kohort.engines.sql.refresh.change import Change
from kohort.engines.sql.refresh.foremost import foremost_changes, foremost_columns, foremost_merged
from kohort.engines.sql.refresh.people import people_again, people_touched
from kohort.engines.sql.refresh.statements import stood_and_came
from kohort.engines.sql.refresh.tallies import tally_changes, tally_columns, tally_merged
from kohort.engines.sql.refresh.upkeep import Upkeep
from kohort.engines.sql.statements import Places, Statement, create_table
from kohort.engines.sql.terms import Parameters
from kohort.rules.nodes import Aggregate
from kohort.rules.operators import Function


@dataclass(frozen=True)
class KeptTable:
    """The features of `places`, which stand in the table `name`, are about `subject` and kept by `upkeep`."""

    name: str
    upkeep: Upkeep
    subject: Subject
    places: Places

    def columns(self) -> list[str]:
        """Return the names of its columns, the person's left out."""
        match self.upkeep:
            case Upkeep.TALLY:
                return tally_columns(self.places)
            case Upkeep.FOREMOST:
                return foremost_columns(self.places)
            case Upkeep.PEOPLE:
                return [
                    name
                    for feature, place in self.places.items()
                    for name in (f"f{place.index}", *([f"n{place.index}"] if _is_distinct(feature.measure) else []))
                ]

    def made(self, change: Change, parameters: Parameters) -> exp.Select:
        """Return the rows of everybody."""
        whole = change.first
        match self.upkeep:
            case Upkeep.PEOPLE:
                return people_again(self.subject, self.places, whole, None, parameters)
            case _:
                return self._changes(whole, parameters)

    def changes(self, table: str, change: Change, dialect: Dialect) -> Statement:
        """Return the statement that puts into `table` what changed, or who is concerned: a row a person."""
        parameters = Parameters(dialect)
        return create_table(table, self._changes(change, parameters), parameters)

    def merged(self, table: str, changes: str, change: Change, dialect: Dialect) -> Statement:
        """Return the statement that puts into `table` the rows, as they are now, of the people in `changes`."""
        parameters = Parameters(dialect)
        match self.upkeep:
            case Upkeep.TALLY:
                select = tally_merged(self.places, stood_and_came(self.name, changes, self.columns()))
            case Upkeep.FOREMOST:
                rows = stood_and_came(self.name, changes, self.columns())
                select = foremost_merged(self.subject, self.places, rows, parameters)
            case Upkeep.PEOPLE:
                select = people_again(self.subject, self.places, change, changes, parameters)
        return create_table(table, select, parameters)

    def _changes(self, change: Change, parameters: Parameters) -> exp.Select:
        match self.upkeep:
            case Upkeep.TALLY if isinstance(self.subject, str):
                return tally_changes(self.subject, self.places, change, parameters)
            case Upkeep.FOREMOST:
                return foremost_changes(self.subject, self.places, change, parameters)
            case _:
                return people_touched(self.subject, self.places, change, self.name, parameters)


def _is_distinct(measure: object) -> bool:
    return isinstance(measure, Aggregate) and measure.function is Function.DISTINCT
