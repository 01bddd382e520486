"""What people open in a spreadsheet: cells that it cannot take for formulas."""

from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_cell(value: object) -> object:
    """Return what to write for a value: text that a spreadsheet would take for a formula begins with an apostrophe.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("ada"), spreadsheet_cell(-1), spreadsheet_cell(None)
    ("'=1+1", 'ada', -1, '')
    """
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return "" if value is None else value
