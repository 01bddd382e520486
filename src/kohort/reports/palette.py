"""The colours of the charts: as they are in a notebook, and the CSS variables that replace them on a page.

Groups take the colours of Okabe and Ito 2008, "Color Universal Design", which people with any kind of colour
vision can tell apart. Every colour of a chart is one of these constants, so that a page can follow its reader into
the dark by exchanging them.
"""

from typing import Final

INK: Final = "#1f2328"
MUTED: Final = "#59626d"
LINE: Final = "#d9d6cf"
PAPER: Final = "#fdfcfa"
ACCENT: Final = "#1f6f9f"
SECOND: Final = "#a65414"
GRAVE: Final = "#b3372f"

GROUPS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a7a7a", "#b8a800")

VARIABLES: Final = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    PAPER: "--paper",
    ACCENT: "--accent",
    SECOND: "--second",
    GRAVE: "--grave",
    **{colour: f"--group-{number}" for number, colour in enumerate(GROUPS)},
}
"""The CSS variable that stands for each colour."""


def group_colour(number: int) -> str:
    """Return the colour of a group counted from 0; after the last the colours begin again.

    >>> group_colour(0), group_colour(8) == group_colour(0)
    ('#0072b2', True)
    """
    return GROUPS[number % len(GROUPS)]
