"""Each message once, for ever, by source and id; the same id with another content is kept once and reported."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from kohort.project import Project
from kohort.storage.messages import Message, Values, encode_messages
from small_shop import NOW, tables_of


def visit(number: int, source: str = "web", page: str = "/") -> Message:
    values = Values(texts={"page": page})
    return Message(f"m{number}", "page", NOW - number, NOW, source, "visit", anonymous_id="ada", values=values)


def received(shop: Project, *records: Sequence[Message]) -> None:
    """Let others append to the journal, and bring the tables up to it."""
    journal = shop._workspace().journal
    journal.append("messages", [encode_messages(one) for one in records], recorded_at=NOW)
    with shop._writing():
        assert shop.status().behind == 0


def stored(shop: Project) -> list[tuple[str, str]]:
    rows = shop.sql("SELECT source, event_id FROM events ORDER BY ALL").to_pylist()
    return [(row["source"], row["event_id"]) for row in rows]


def arrived(shop: Project, source: str) -> tuple[int | None, int | None, int | None]:
    (found,) = (one for one in shop.sources() if one.name == source)
    return found.received, found.accepted, found.duplicates


def test_repeats_in_any_order_over_restarts_are_stored_once(shop: Project) -> None:
    chosen = random.Random(7)  # noqa: S311 - no secret
    sent = [visit(number) for number in range(60) for _ in range(chosen.randint(1, 5))]
    chosen.shuffle(sent)
    for start in range(0, len(sent), 20):
        # The moment of receipt is not what a message says.
        again = [msgspec.structs.replace(one, received_at=NOW + start) for one in sent[start : start + 20]]
        received(shop, again[:7], again[7:])
    assert stored(shop) == sorted(("web", f"m{number}") for number in range(60))
    assert shop.dead_letters().num_rows == 0
    assert arrived(shop, "web") == (len(sent), 60, len(sent) - 60)
    shop.rebuild()
    assert arrived(shop, "web") == (len(sent), 60, len(sent) - 60)


def test_two_sources_may_use_the_same_id(shop: Project) -> None:
    received(shop, [visit(1), visit(1, "app")], [visit(1, "app")])
    assert stored(shop) == [("app", "m1"), ("web", "m1")]
    assert (arrived(shop, "web"), arrived(shop, "app")) == ((1, 1, 0), (2, 1, 1))
    assert shop.preview("count of visit = 2", NOW).size == 1


@pytest.mark.parametrize("apart", [False, True])
def test_another_content_under_a_known_id_is_reported_and_the_first_stays(shop: Project, *, apart: bool) -> None:
    first, other = visit(1, page="/first"), visit(1, page="/other")
    if apart:
        received(shop, [first])
        received(shop, [other], [other])
    else:
        received(shop, [first, other, other])
    assert shop.sql("SELECT page FROM events").to_pylist() == [{"page": "/first"}]
    assert arrived(shop, "web") == (2, 1, 0), "the same letter twice is one letter"
    (letter,) = shop.dead_letters().to_pylist()
    assert (letter["source"], letter["field"]) == ("web", "messageId")
    assert 'the message id "m1" is already used' in letter["reason"]
    assert '"/other"' in letter["raw"]
    before = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == before


def test_a_digest_does_not_depend_on_receipt_and_on_nothing_else() -> None:
    one = visit(1, page='","received_at":7,"')
    assert one.digest() == msgspec.structs.replace(one, received_at=NOW + 1).digest()
    changed = {"event_id": "x", "ts": 1, "source": "x", "name": "x", "user_id": "x", "values": Values(numbers={"x": 1})}
    digests = {msgspec.structs.replace(one, **{name: value}).digest() for name, value in changed.items()}
    assert len(digests | {one.digest()}) == len(changed) + 1


def test_the_folder_of_what_was_seen_is_made_anew_if_it_is_gone(shop: Project) -> None:
    for number in range(0, 30, 3):
        received(shop, [visit(number), visit(number + 1)], [visit(number + 2)])
    shop._workspace().seen.drop()
    received(shop, [visit(3), visit(31)])
    assert len(stored(shop)) == 31
    mended = tables_of(shop)
    shop.rebuild()
    assert tables_of(shop) == mended
