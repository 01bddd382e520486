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


def text_in_cell(text: str) -> str:
    """Return the text for which `spreadsheet_cell` has written another.

    >>> text_in_cell("'=1+1"), text_in_cell("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text
