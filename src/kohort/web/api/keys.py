"""Keys: listed, made and revoked, by one whose own key may do as much."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Body, Path, Query, Response

from kohort.clock import DAY, Moment
from kohort.collection.acceptance import RequestRefusedError
from kohort.governance.keys import PEOPLE_PSEUDONYMISED, SCOPES, KeyRow
from kohort.governance.roles import sees_people
from kohort.web.api.asking import Desk, Shown, answered, answered_if_new
from kohort.web.api.cursors import place_of, written_cursor
from kohort.web.api.models.keys import Key, KeyAsked, Keys, NewKey
from kohort.web.callers import Caller

_LIFE: Final = 90 * DAY
_DESCRIPTION: Final = """The key is told in this answer and nowhere else. A request whose answer was lost is not to be
sent again: look for the key in the list by its name, revoke it, and make another.
"""


def mount_keys(router: APIRouter, desk: Desk, caller: object) -> None:
    """Add `GET /keys`, `POST /keys` and `DELETE /keys/{key_id}`; `caller` gives who asks."""

    @router.get("/keys", response_model=Keys, summary="Every key, without what it is in plain")
    def list_keys(
        limit: Annotated[int, Query(ge=1, le=1_000, description="The most a page.")] = 100,
        cursor: Annotated[str | None, Query(max_length=1_000, description="next_cursor of the page before.")] = None,
        if_none_match: Shown = None,
    ) -> Response:
        after = None if cursor is None else place_of(cursor)
        with desk.changing() as project:
            rows = sorted(project.keys.list(), key=lambda one: (one.created_at, one.key_id), reverse=True)
        rest = [one for one in rows if after is None or (one.created_at, one.key_id) < after]
        following = written_cursor(*_place(rest[limit - 1])) if len(rest) > limit else None
        now = desk.project.clock.now()
        page = Keys(keys=[_shown(one, now) for one in rest[:limit]], next_cursor=following)
        return answered_if_new(page, if_none_match)

    @router.post("/keys", response_model=NewKey, summary="Make a key", description=_DESCRIPTION)
    def create_key(asked: Annotated[KeyAsked, Body()], asker: Annotated[Caller, caller]) -> Response:
        expires_at = desk.moment(asked.expires_at, "body.expires_at")
        with desk.changing(asked="body") as project:
            if asked.kind == "write":
                _refuse(asked, "scopes")
                plain, made = project.keys.create_write(
                    asked.name, asked.origins, asked.rate, expires_at, by=asker.actor
                )
                key_id = made.key_id
            else:
                _refuse(asked, "origins", "rate")
                _check_scopes(asked.scopes, asker)
                ending = desk.project.clock.now() + _LIFE if expires_at is None else expires_at
                plain, secret = project.keys.create_secret(asked.name, asked.scopes, ending, by=asker.actor)
                key_id = secret.key_id
            row = next(one for one in project.keys.list() if one.key_id == key_id)
        made_key = _shown(row, desk.project.clock.now())
        return answered(NewKey(key=plain, **made_key.model_dump()), **{"cache-control": "no-store"})

    @router.delete("/keys/{key_id}", response_model=Key, summary="End a key for ever, within two seconds everywhere")
    def revoke_key(key_id: Annotated[str, Path(max_length=100)], asker: Annotated[Caller, caller]) -> Response:
        with desk.changing(key="path.key_id") as project:
            project.keys.revoke(key_id, by=asker.actor)
            row = next(one for one in project.keys.list() if one.key_id == key_id)
        return answered(_shown(row, desk.project.clock.now()))


def _check_scopes(wanted: Sequence[str], asker: Caller) -> None:
    """Raise RequestRefusedError (403) for scopes with which a key could do what who makes it cannot."""
    # Pseudonyms are a limit and not a right: whoever is held to them can let nobody be without.
    limited = not sees_people(asker.scopes)
    lacking = sorted(SCOPES.keys() & set(wanted) - asker.scopes - {PEOPLE_PSEUDONYMISED})
    if lacking:
        problem = f"you have not the scope {lacking[0]}, and can give it to no other"
        raise RequestRefusedError(403, "scope_missing", problem, where="body.scopes")
    if limited and sees_people(frozenset(wanted)):
        problem = f"you see people under pseudonyms, and so must a key of yours: add {PEOPLE_PSEUDONYMISED}"
        raise RequestRefusedError(403, "scope_missing", problem, where="body.scopes")


def _refuse(asked: KeyAsked, *names: str) -> None:
    for name in names:
        if getattr(asked, name):
            problem = f"a {asked.kind} key has no {name}; leave it out"
            raise RequestRefusedError(422, "invalid_request", problem, where=f"body.{name}")


def _place(row: KeyRow) -> tuple[Moment, str]:
    return row.created_at, row.key_id


def _shown(row: KeyRow, now: Moment) -> Key:
    return Key.model_validate({**vars(row), "state": row.state(now)})
