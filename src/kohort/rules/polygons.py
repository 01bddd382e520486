"""Places on the Earth, and which rows of them make a polygon."""

from dataclasses import dataclass
from typing import Final

from kohort.definitions.values import MICRO
from kohort.errors import RefusalError
from kohort.rules.literals import Node

FEWEST_CORNERS: Final = 3
MOST_CORNERS: Final = 1_000
_HALF_A_TURN: Final = 180 * MICRO


@dataclass(frozen=True)
class Corner(Node):
    """A corner of a polygon, in micros of a degree."""

    latitude: int
    longitude: int

    def __post_init__(self) -> None:
        check_place(self.latitude, self.longitude)


def is_place(latitude: int, longitude: int) -> bool:
    """Return whether there is such a place on Earth; both in micros of a degree.

    >>> is_place(90_000_000, -180_000_000), is_place(90_000_001, 0)
    (True, False)
    """
    return abs(latitude) <= _HALF_A_TURN // 2 and abs(longitude) <= _HALF_A_TURN


def check_place(latitude: int, longitude: int) -> None:
    """Raise DefinitionError if there is no such place on Earth; both in micros of a degree."""
    if not is_place(latitude, longitude):
        raise RefusalError("a place is (latitude, longitude), from -90 to 90 and from -180 to 180 degrees")


def check_polygon(corners: tuple[Corner, ...]) -> None:
    """Raise DefinitionError for fewer than 3 or more than 1,000 corners, and across the antimeridian.

    >>> check_polygon((Corner(0, 0), Corner(0, 2_000_000)))
    Traceback (most recent call last):
        ...
    kohort.errors.RefusalError: a polygon has 3 to 1,000 corners
    """
    if not FEWEST_CORNERS <= len(corners) <= MOST_CORNERS:
        raise RefusalError("a polygon has {fewest} to {most:,} corners", fewest=FEWEST_CORNERS, most=MOST_CORNERS)
    for corner, following in zip(corners, (*corners[1:], corners[0]), strict=True):
        if abs(corner.longitude - following.longitude) > _HALF_A_TURN:
            raise RefusalError(
                "two neighbouring corners of the polygon are more than 180 degrees of longitude apart; "
                "write one polygon on each side of the antimeridian, joined by or"
            )
