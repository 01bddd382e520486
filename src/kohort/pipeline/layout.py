"""What the mapped arrays of a project are called: those who make them and those who read them meet here."""

from typing import Final, Literal

Kind = Literal["events", "traits"]

STARTS: Final = "starts"
"""Each block's first row, and after the last block the number of rows."""

PEOPLE: Final = "people"
"""The rows' people, as places in their block."""

TIMES: Final = "times"
"""The rows' moments."""

COLUMN: Final = "column-"
"""The values of a column, whose name follows."""
