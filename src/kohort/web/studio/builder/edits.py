"""What buttons and hands do to a draft: each edit gives a new draft, and where to look next."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from kohort.collection.acceptance import RequestRefusedError
from kohort.web.studio.builder.drafts import EVENTFUL, Card, Edit, Group, Kind, Part, Step
from kohort.web.studio.builder.writing import under

Place = Card | Group | Step
Change = Callable[[Place], "tuple[Place, ...]"]

_OF_EVENTS: Final = frozenset(("event", "property", "window", "window_count", "window_unit"))
_OF_TESTS: Final = frozenset(("test", "literal", "low", "high", "text", "texts", "operator", "percent"))


def edited(draft: Group, edit: Edit) -> tuple[Group, str]:
    """Return what an edit makes of a draft, and the path of what it made or moved.

    Raises RequestRefusedError for a path that leads nowhere.

    >>> draft = Group(cards=(Card("did", {"event": "a"}), Card("did", {"event": "b"})))
    >>> moved, path = edited(draft, Edit("shift", "1", by=-1))
    >>> [one.fields["event"] for one in moved.cards], path
    (['b', 'a'], '0')
    """
    return _EDITS[edit.do](draft, edit)


def _add(draft: Group, edit: Edit) -> tuple[Group, str]:
    return _appended(draft, edit.path, Card(edit.kind))


def _group(draft: Group, edit: Edit) -> tuple[Group, str]:
    parent = _group_at(draft, edit.path)
    inner = Group("any" if parent.join == "all" else "all", cards=(Card(edit.kind),))
    return _appended(draft, edit.path, inner)


def _appended(draft: Group, path: str, part: Part) -> tuple[Group, str]:
    parent = _group_at(draft, path)
    grown = msgspec.structs.replace(parent, cards=(*parent.cards, part))
    return _whole(_changed(draft, _steps(path), lambda _: (grown,))), under(path, len(parent.cards))


def _remove(draft: Group, edit: Edit) -> tuple[Group, str]:
    return _whole(_changed(draft, _steps(edit.path), lambda _: ())), _above(edit.path)


def _shift(draft: Group, edit: Edit) -> tuple[Group, str]:
    above, _, last = edit.path.rpartition(".")
    listed = _listed_at(draft, above)
    number = _within(last, listed)
    to = min(max(number + edit.by, 0), len(listed) - 1)
    one = listed.pop(number)
    listed.insert(to, one)
    return _whole(_relisted(draft, above, listed)), f"{above}.{to}" if above else str(to)


def _move(draft: Group, edit: Edit) -> tuple[Group, str]:
    if edit.to == edit.path or edit.to.startswith(f"{edit.path}."):
        raise _refusal("what is moved cannot go into itself")
    moved = _at(draft, edit.path)
    if not isinstance(moved, Card | Group):
        raise _refusal("only conditions are moved")
    hole = Card("did")
    left = _whole(_changed(draft, _steps(edit.path), lambda _: (hole,)))
    parent = _group_at(left, edit.to)
    cards = [*parent.cards]
    cards.insert(min(max(edit.by, 0), len(cards)), moved)
    grown = msgspec.structs.replace(parent, cards=tuple(cards))
    whole = _whole(_changed(left, _steps(edit.to), lambda _: (grown,)))
    return _without(whole, hole), _path_of(_without(whole, hole), moved, "")


def _wrap(draft: Group, edit: Edit) -> tuple[Group, str]:
    parent = _at(draft, _above(edit.path))
    join = parent.join if isinstance(parent, Group) else "any"

    def wrapped(part: Place) -> tuple[Place, ...]:
        if isinstance(part, Step):
            raise _refusal("a step is in no group")
        return (Group("any" if join == "all" else "all", cards=(part,)),)

    return _whole(_changed(draft, _steps(edit.path), wrapped)), f"{edit.path}.0"


def _unwrap(draft: Group, edit: Edit) -> tuple[Group, str]:
    group = _group_at(draft, edit.path)
    return _whole(_changed(draft, _steps(edit.path), lambda _: group.cards)), edit.path


def _kind(draft: Group, edit: Edit) -> tuple[Group, str]:
    def become(card: Place) -> tuple[Place, ...]:
        if not isinstance(card, Card):
            raise _refusal("only a condition has a kind")
        return (_as_kind(card, edit.kind),)

    return _whole(_changed(draft, _steps(edit.path), become)), edit.path


def _as_kind(card: Card, kind: Kind) -> Card:
    """Return a card of another kind that keeps what both can say."""
    kept = _OF_EVENTS if kind in EVENTFUL and card.kind in EVENTFUL else frozenset()
    fields = {name: text for name, text in card.fields.items() if name in kept}
    where = card.where if kept else None
    if kind == "sequence" and card.kind in EVENTFUL:
        return Card(kind, {}, card.negated, steps=(Step({"event": card.field("event")}, where=card.where), Step()))
    return Card(kind, fields, card.negated, where)


def _named(draft: Group, edit: Edit) -> tuple[Group, str]:
    def forgotten(card: Place) -> tuple[Place, ...]:
        if isinstance(card, Group):
            raise _refusal("a group has no name")
        fields = {name: text for name, text in card.fields.items() if name != "as"}
        return (msgspec.structs.replace(card, fields=fields),)

    return _whole(_changed(draft, _steps(edit.path), forgotten)), edit.path


def _where(draft: Group, edit: Edit) -> tuple[Group, str]:
    def looked_at(card: Place) -> tuple[Place, ...]:
        if isinstance(card, Group):
            raise _refusal("a group is of no event")
        return (msgspec.structs.replace(card, where=Group(cards=(Card("property"),))),)

    return _whole(_changed(draft, _steps(edit.path), looked_at)), f"{edit.path}.where.0"


def _step(draft: Group, edit: Edit) -> tuple[Group, str]:
    card = _at(draft, edit.path)
    if not isinstance(card, Card):
        raise _refusal("only a sequence has steps")
    longer = msgspec.structs.replace(card, steps=(*card.steps, Step()))
    return _whole(_changed(draft, _steps(edit.path), lambda _: (longer,))), f"{edit.path}.steps.{len(card.steps)}"


_EDITS: Final[dict[str, Callable[[Group, Edit], tuple[Group, str]]]] = {
    "add": _add, "group": _group, "remove": _remove, "shift": _shift, "move": _move, "wrap": _wrap,
    "unwrap": _unwrap, "kind": _kind, "named": _named, "where": _where, "step": _step,
}  # fmt: skip


def _changed(place: Place, steps: list[str], change: Change) -> tuple[Place, ...]:
    """Return what stands where `place` stood, after a change of what the steps lead to."""
    if not steps:
        return change(place)
    head, *rest = steps
    match place:
        case Group():
            cards = list(place.cards)
            number = _within(head, cards)
            cards[number : number + 1] = _changed(cards[number], rest, change)  # type: ignore[assignment]
            return (msgspec.structs.replace(place, cards=tuple(cards)),)
        case Card() if head == "steps" and rest:
            its = list(place.steps)
            number = _within(rest[0], its)
            its[number : number + 1] = _changed(its[number], rest[1:], change)  # type: ignore[assignment]
            return (msgspec.structs.replace(place, steps=tuple(its)),)
        case Card() | Step() if head == "where" and place.where is not None:
            found = _changed(place.where, rest, change)
            return (msgspec.structs.replace(place, where=found[0] if found else None),)
        case Card() if head == "among" and place.among is not None:
            found = _changed(place.among, rest, change)
            return (msgspec.structs.replace(place, among=found[0] if found else None),)
        case _:
            raise _refusal("there is no such place in the draft")


def _at(draft: Group, path: str) -> Place:
    found: list[Place] = []

    def look(place: Place) -> tuple[Place, ...]:
        found.append(place)
        return (place,)

    _changed(draft, _steps(path), look)
    return found[0]


def _group_at(draft: Group, path: str) -> Group:
    found = _at(draft, path)
    if not isinstance(found, Group):
        raise _refusal("only a group holds conditions")
    return found


def _listed_at(draft: Group, path: str) -> list[Place]:
    if path.endswith("steps"):
        card = _at(draft, _above(path))
        return [*card.steps] if isinstance(card, Card) else []
    return [*_group_at(draft, path).cards]


def _relisted(draft: Group, path: str, listed: list[Place]) -> tuple[Place, ...]:
    name, path = ("steps", _above(path)) if path.endswith("steps") else ("cards", path)
    return _changed(draft, _steps(path), lambda one: (msgspec.structs.replace(one, **{name: tuple(listed)}),))


def _whole(found: tuple[Place, ...]) -> Group:
    return found[0] if found and isinstance(found[0], Group) else Group()


def _without(group: Group, hole: Card) -> Group:
    """Return a group without one card, wherever it is."""

    def cleared(part: Part) -> Part:
        if isinstance(part, Group):
            return _without(part, hole)
        where, among = (None if one is None else _without(one, hole) for one in (part.where, part.among))
        steps = tuple(
            one if one.where is None else msgspec.structs.replace(one, where=_without(one.where, hole))
            for one in part.steps
        )
        return msgspec.structs.replace(part, where=where, among=among, steps=steps)

    return msgspec.structs.replace(group, cards=tuple(cleared(one) for one in group.cards if one is not hole))


def _path_of(group: Group, wanted: Part, path: str) -> str:
    """Return the path of a part that is equal to `wanted`: the first, which looks the same to whoever moved it."""
    for number, one in enumerate(group.cards):
        its = under(path, number)
        if one == wanted:
            return its
        inner = [(one, its)] if isinstance(one, Group) else []
        if isinstance(one, Card):
            inner = [(found, f"{its}.{name}") for name, found in (("where", one.where), ("among", one.among)) if found]
        for found, place in inner:
            deeper = _path_of(found, wanted, place)
            if deeper:
                return deeper
    return ""


def _steps(path: str) -> list[str]:
    return path.split(".") if path else []


def _above(path: str) -> str:
    return path.rpartition(".")[0]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _refusal("there is no such place in the draft")
    return int(text)


def _within(text: str, listed: Sequence[object]) -> int:
    number = _number(text)
    if number >= len(listed):
        raise _refusal("there is no such place in the draft")
    return number


def _refusal(text: str) -> RequestRefusedError:
    return RequestRefusedError(422, "invalid_edit", text, where="body.edit")
