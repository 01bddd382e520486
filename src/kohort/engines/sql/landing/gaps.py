"""What a run in a store does not do that a run of the project's own data does."""

from typing import Final

from kohort.engines.sql.dialects import Gap, Grade

LANDING_GAPS: Final = (
    Gap("rows changed or deleted in place", Grade.NOT_YET, "a cursor does not see them; run with --full after it"),
    Gap("exact moments between runs", Grade.NOT_YET, "who enters or leaves does so at the moment of the run"),
    Gap("anonymous ids joined to known ones", Grade.NOT_YET, "a person is the column that the mapping names"),
    Gap("ids that stand for nobody", Grade.NOT_YET, "one such as 0 or null is a person here; leave it out in a view"),
    Gap("scores of the project", Grade.NOT_YET, "they are computed from the project's own data; map a column"),
    Gap("two values at one moment", Grade.NOT_YET, "the later key in text order counts; in the project a hash decides"),
)
"""The gaps that every store has."""
