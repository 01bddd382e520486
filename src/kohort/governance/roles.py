"""Roles: what the holder of an account may do, in one table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from kohort.errors import AccountError, did_you_mean, shorten
from kohort.governance.keys import (
    AUDIT_READ,
    EVENTS_READ,
    IMPORTS_WRITE,
    MEMBERSHIPS_READ,
    PEOPLE_PSEUDONYMISED,
    PEOPLE_READ,
    PEOPLE_WRITE,
    SCOPES,
    SEGMENTS_READ,
    SEGMENTS_WRITE,
)


class Role(StrEnum):
    """What an account is for."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    MARKETER = "marketer"
    PRIVACY_OFFICER = "privacy_officer"
    ADMIN = "admin"


ROLES: Final[Mapping[Role, frozenset[str]]] = {
    # Counts, and nobody.
    Role.VIEWER: frozenset({SEGMENTS_READ}),
    # People, but not who they are.
    Role.ANALYST: frozenset({SEGMENTS_READ, MEMBERSHIPS_READ, PEOPLE_PSEUDONYMISED}),
    Role.MARKETER: frozenset(
        {SEGMENTS_READ, SEGMENTS_WRITE, MEMBERSHIPS_READ, PEOPLE_READ, PEOPLE_WRITE, EVENTS_READ, IMPORTS_WRITE}
    ),
    # Everything about people, and no change of what is done with them.
    Role.PRIVACY_OFFICER: frozenset({SEGMENTS_READ, MEMBERSHIPS_READ, PEOPLE_READ, EVENTS_READ, AUDIT_READ}),
    # All rights; pseudonyms are a limit, not a right.
    Role.ADMIN: frozenset(SCOPES) - {PEOPLE_PSEUDONYMISED},
}
"""What each role may, as scopes."""


def role_of(text: str) -> Role:
    """Return the role that a text names; raises AccountError for none.

    >>> role_of("analyst")
    <Role.ANALYST: 'analyst'>
    >>> role_of("boss")
    Traceback (most recent call last):
    kohort.errors.AccountError: no role is called "boss"; known: "admin", "analyst", "marketer", "privacy_officer", ...
    """
    if text not in list(Role):
        problem = f'no role is called "{shorten(text)}"; {did_you_mean(text, list(Role))}'
        raise AccountError("role_unknown", problem)
    return Role(text)


def sees_people(scopes: frozenset[str]) -> bool:
    """Return whether people are told in the clear, where the scopes allow to learn of them at all.

    >>> [sees_people(ROLES[one]) for one in (Role.ANALYST, Role.MARKETER)]
    [False, True]
    """
    return PEOPLE_READ in scopes or PEOPLE_PSEUDONYMISED not in scopes
