"""What is told of one segment: what sets it apart, its worth, who came and went, its members by page, its checks."""

from functools import partial

import pyarrow as pa
import pytest

from kohort.clock import DAY, HOUR
from kohort.errors import NotEvaluatedError, UnknownNameError, UsageError
from kohort.pipeline.segments.moves import _counting
from kohort.project import Project
from kohort.testing.clock import SettableClock
from segment_shop import BEFORE, LATELY, open_shop, written
from small_shop import NOW, WriteLines, made_once, order


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("standing")
    return open_shop(Project.create(folder / "shop", clock=SettableClock(NOW)), partial(written, folder))


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    return open_shop(shop, write_lines)


def test_members_are_compared_with_everybody_else(standing: Project) -> None:
    found = standing.distinctions("buyers")
    assert (found.members, found.others, found.at, found.few) == (6, 6, NOW, False)
    told = {(one.kind.value, one.subject, one.value): one for one in found.found}
    paris, bought = told["category", "city", "Paris"], told["event", "order_completed", ""]
    assert (paris.members.estimate, paris.others.estimate, paris.everybody) == (1.0, 1 / 6, 7 / 12)
    assert paris.lift is not None
    assert bought.members.estimate == bought.others.estimate == 1.0
    assert paris.effect.estimate > 0
    assert told["category", "city", "Lyon"].effect.estimate < 0
    assert not [one for one in found.found if one.subject == "email"], "an address tells of one person"


def test_what_the_rule_speaks_of_is_told_apart(trading: Project) -> None:
    path = trading.folder.path / "segments" / "ours.yaml"
    path.write_text(path.read_text() + '  - {name: parisians, where: city = "Paris"}\n')
    assert trading.apply(trading.plan())
    found = trading.distinctions("parisians")
    assert found.named == {"city"}


def test_two_segments_are_compared_by_those_in_one_only(standing: Project) -> None:
    found = standing.distinctions("buyers", "everybody")
    assert (found.members, found.others, found.few, found.found) == (0, 6, True, ())
    with pytest.raises(UsageError, match="does not differ from itself"):
        standing.distinctions("buyers", "buyers")


def test_what_members_are_worth(standing: Project) -> None:
    worth = standing.worth("buyers").worth
    assert worth is not None
    assert (worth.revenue, worth.revenue_of_all) == (600_000_000, 720_000_000)
    assert worth.share == pytest.approx(5 / 6)
    assert worth.per_member is not None
    assert worth.per_member.estimate == 100_000_000


def test_without_a_word_on_revenue_nothing_is_worth_anything(trading: Project) -> None:
    settings = trading.folder.settings
    settings.write_text(settings.read_text().replace("revenue: order_completed.total\n", ""))
    assert trading.worth("buyers").worth is None


def test_who_entered_and_left_by_day(trading: Project, clock: SettableClock, write_lines: WriteLines) -> None:
    found = trading.moves("buyers")
    assert len(found.days) == 30
    assert (found.days[-1].until, found.at) == (NOW, NOW), "a midnight ends a day"
    assert [one.entered for one in found.days[-7:]] == [0, *[1] * 6], "each at the moment of their order"
    # An order a day and an hour before a midnight is of the day before the last.
    clock.moment = NOW + 12 * HOUR
    trading.ingest(write_lines("more.jsonl", [order("before1", 99, days_ago=-0.25)]))
    list(trading.run())
    found = trading.moves("buyers", most=2)
    assert (found.days[-1].since, found.days[-1].entered) == (NOW, 1)
    assert [(one.user_id, one.change) for one in found.newest] == [("before1", "entered"), ("lately0", "entered")]
    assert found.newest[0].effective_at == NOW + 6 * HOUR
    clock.moment = NOW + 35 * DAY
    list(trading.run())
    assert trading.moves("buyers").left == 7, "each thirty days after their order"
    with pytest.raises(UsageError, match="1 to 366 days"):
        trading.moves("buyers", days=0)


def log(*rows: tuple[int, str, int | None]) -> pa.Table:
    names = ("seq", "change", "corrects")
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(names, columns, strict=True)))
    return table.set_column(2, "corrects", table.column("corrects").cast(pa.int64()))


def test_what_was_taken_back_does_not_count() -> None:
    entered, back, again = (1, "entered", None), (2, "left", 1), (3, "entered", 2)
    assert _counting(log(entered)).column("seq").to_pylist() == [1]
    assert _counting(log(entered, back)).column("seq").to_pylist() == []
    assert _counting(log(entered, back, again)).column("seq").to_pylist() == [1], "a correction taken back"
    assert _counting(log(entered, back, again, (4, "left", 1))).column("seq").to_pylist() == []
    assert _counting(log((5, "left", 1))).column("seq").to_pylist() == [], "of what is not here"


def test_members_come_by_page(standing: Project) -> None:
    first = standing.member_page("everybody", most=5)
    second = standing.member_page("everybody", after=first.following or "", most=5)
    third = standing.member_page("everybody", after=second.following or "", most=5)
    people = [one for page in (first, second, third) for one in page.members]
    assert [len(page.members) for page in (first, second, third)] == [5, 5, 2]
    assert (first.size, third.following) == (12, None)
    assert [one.person_id for one in people] == sorted(one.person_id for one in people)
    assert {one.user_id for one in people} == {*LATELY, *BEFORE}


def test_checks_tell_of_tests_and_limits_as_they_stand(trading: Project) -> None:
    path = trading.folder.path / "segments" / "ours.yaml"
    path.write_text(path.read_text().replace("at_least: 3", "at_least: 20"))
    found = trading.checks("buyers")
    assert [(one.test, one.state.value) for one in found.verdicts] == [
        ("in: lately0", "passed"),
        ("size: at least 20", "failed"),
    ]
    guards = {one.guard: one for one in found.guards}
    assert (guards["smallest"].found, guards["smallest"].holds) == (6, False)
    assert (guards["broadest"].found, guards["broadest"].holds) == (0.5, True)
    assert (guards["alike"].found, guards["alike"].other, guards["alike"].holds) == (1.0, "rich", False)
    assert guards["change"].holds is None


@pytest.mark.parametrize("ask", ["distinctions", "worth", "moves", "member_page", "checks", "snapshot"])
def test_each_says_what_is_not_known(standing: Project, ask: str) -> None:
    with pytest.raises(UnknownNameError, match="nobody's"):
        getattr(standing, ask)("nobody's")
    with pytest.raises(NotEvaluatedError):
        getattr(standing, ask)("readers")
