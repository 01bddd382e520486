"""What is said of people's places: how many were found, and how many could not be."""

from collections import Counter

import numpy as np

from kohort.places.communes_of_people import Placed
from kohort.places.ip import IpAnswers
from kohort.storage.records import Finding


def code_findings(trait: str, placed: Placed) -> list[Finding]:
    """Say how many people a postal code places, and how far.

    >>> from kohort.places.communes_of_people import Place
    >>> found = Placed((Place("35238", "35", "53", "postal code"), None), np.array([0, 0, 1]), np.ones(3, bool))
    >>> [one.detail for one in code_findings("postcode", found)]
    ['postcode places 2 of 3 people who tell it in a commune, 0 in a department or region only, 1 nowhere']
    """
    counts = Counter({"told": int(placed.told.sum())})
    for place, people in zip(placed.distinct, np.bincount(placed.whose, minlength=len(placed.distinct)), strict=True):
        if place is not None:
            counts["commune" if place.commune else "wider"] += int(people)
    nowhere = counts["told"] - counts["commune"] - counts["wider"]
    detail = (
        f"{trait} places {counts['commune']:,} of {counts['told']:,} people who tell it in a commune, "
        f"{counts['wider']:,} in a department or region only, {nowhere:,} nowhere"
    )
    return [_finding("placed", trait, nowhere + counts["wider"], counts["told"], detail)]


def position_finding(trait: str, told: int, wrong: int) -> Finding:
    """Say how many positions are nowhere.

    >>> position_finding("latitude, longitude", 10, 2).detail
    '2 of 10 positions by latitude, longitude are nowhere: outside the degrees, or 0, 0'
    """
    detail = f"{wrong:,} of {told:,} positions by {trait} are nowhere: outside the degrees, or 0, 0"
    return _finding("positions", trait, wrong, told, detail)


def zone_finding(zones: int, people: int, least: int) -> Finding:
    """Say how many micro-zones there are.

    >>> zone_finding(3, 70, 20).detail
    '70 people are in 3 micro-zones, each of 20 people or more'
    """
    each = f"each of {least:,} people or more" if people >= least else f"since a zone should hold {least:,} or more"
    return _finding("zones", "zones", zones, people, f"{people:,} people are in {zones:,} micro-zones, {each}")


def ip_finding(trait: str, told: int, answers: IpAnswers) -> Finding:
    """Say how many addresses could not be placed, and why; of each distinct address once.

    >>> ip_finding("ip", 9, IpAnswers((), wrong=1, private=2, unknown=3)).detail
    '6 of 9 addresses of ip have no country: 1 are none, 2 are not public, 3 are unknown to the database'
    """
    missing = answers.wrong + answers.private + answers.unknown
    detail = (
        f"{missing:,} of {told:,} addresses of {trait} have no country: {answers.wrong:,} are none, "
        f"{answers.private:,} are not public, {answers.unknown:,} are unknown to the database"
    )
    return _finding("addresses", trait, missing, told, detail)


def _finding(check: str, subject: str, count: int, of: int, detail: str) -> Finding:
    return Finding(check, "places", subject, "info", count, count / of if of else None, detail)
