"""Look-alikes by what was known of each member before they entered: nothing that came of entering is learnt."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kohort.clock import DAY, HOUR
from kohort.definitions.lookalike import LookalikeDefinition, LookedAt
from kohort.errors import UsageError
from kohort.learning.auc import auc_interval
from kohort.learning.importance.results import Fault
from kohort.pipeline.learning.known import known_at
from kohort.pipeline.learning.lookalikes.documents import LookalikeDocument
from kohort.pipeline.learning.lookalikes.entries import entry_examples, first_entries
from kohort.pipeline.learning.lookalikes.examples import seed_examples
from kohort.pipeline.learning.lookalikes.scoring import find_lookalikes
from kohort.pipeline.learning.registry.entries import content_of, live_model
from kohort.pipeline.learning.seeds import seed_rules
from kohort.pipeline.learning.signed import opened
from kohort.pipeline.segments.people import user_ids_of
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from lookalike_shop import SCORES, SEGMENTS, lookalike_shop, told
from small_shop import NOW, lines_in, order

AT_ENTRY = SCORES.replace("seed: club", "seed: club\n    at: entry")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = lookalike_shop(tmp_path_factory.mktemp("entry"), AT_ENTRY)
    list(project.run(NOW))
    list(project.run(NOW))
    return project


def _declared(workspace: Workspace) -> LookalikeDefinition:
    return next(one for one in workspace.scores if isinstance(one, LookalikeDefinition))


def test_the_first_run_says_that_no_moment_is_logged_and_the_next_learns(shop: Project, tmp_path: Path) -> None:
    fresh = lookalike_shop(tmp_path, AT_ENTRY)
    workspace = fresh._workspace()
    definition = _declared(workspace)
    lack = find_lookalikes(workspace, definition, seed_rules(workspace, definition), NOW)
    assert isinstance(lack, str)
    assert 'no member of "club" has a moment of entry in the membership log' in lack
    assert "run again, or leave out at: entry" in lack
    with pytest.raises(UsageError, match="no member"):
        fresh.train_model("like_club", NOW)
    found = shop.lookalikes("like_club")
    assert found is not None
    assert found.entries is not None
    # The club's card is told after entering, and age is protected: stores and orders are what there is.
    assert {"stores", "orders"} <= set(found.study.features)
    assert "club_card" not in found.study.features
    assert found.quality.first[1].lift.low > 1
    assert (found.entries.learnt, found.entries.unlogged, found.entries.unknown) == (found.members, 0, 0)
    card = shop.models("like_club")[0].entry.card  # type: ignore[union-attr]
    assert "before each member entered (12 moments from" in card.text("en")
    assert "avant l'entrée de chaque membre (12 moments du" in card.text("fr")


def test_each_member_is_looked_at_before_they_entered_and_others_like_them(shop: Project) -> None:
    workspace = shop._workspace()
    definition = replace(_declared(workspace), moments=5, before=3 * DAY)
    seed = seed_rules(workspace, definition)
    found = entry_examples(workspace, definition, seed, NOW)
    assert not isinstance(found, str)
    entries = first_entries(workspace, "club", NOW)
    assert len(entries) == shop.preview("club = true").size == found.looked_at.learnt
    moments = np.array(found.looked_at.moments)
    assert len(moments) == 5
    assert moments[0] == min(entries.values()) - 3 * DAY
    # The reference: what a run would have known at the last moment that is not after the entry, less three days.
    expected = []
    for moment, end in zip(moments.tolist(), [*moments[1:].tolist(), NOW], strict=True):
        known = known_at(workspace, moment - 1)
        at_hand = dict(zip(known.people, known.columns["orders"][0].to_pylist(), strict=True))
        its = sorted(one for one, entry in entries.items() if moment <= entry - 3 * DAY < end)
        expected += [None if at_hand[one] is None else at_hand[one] / 1e6 for one in its]
    reached = found.examples.reached
    orders = found.examples.table.column("orders")[reached]
    assert np.array_equal(orders, np.array(expected, dtype=float), equal_nan=True)
    share = found.looked_at.others / (shop.preview("not club = true").size)
    assert share > 0.9


def test_what_comes_after_entering_changes_nothing_of_the_model(shop: Project, tmp_path: Path) -> None:
    shutil.copytree(shop.folder.path, tmp_path / "own")
    own = Project(tmp_path / "own", clock=shop.clock)
    workspace = shop._workspace()
    entries = first_entries(workspace, "club", NOW)
    users = user_ids_of(workspace, list(entries))
    planted: list[dict[str, object]] = []
    for number, (person, moment) in enumerate(entries.items()):
        days = (NOW - moment - HOUR) / DAY
        planted.append(told(users[person], f"after-{number}", days, stores=99, city="Club"))
        planted += [order(users[person], 10_000 + 10 * number + one, days_ago=days, total=500) for one in range(9)]
    own.ingest(lines_in(tmp_path)("after.jsonl", planted))
    later = own._workspace()
    assert first_entries(later, "club", NOW) == entries
    definition = _declared(workspace)
    seed = seed_rules(workspace, definition)
    after = find_lookalikes(later, definition, seed, NOW)
    assert not isinstance(after, str)
    live = live_model(workspace, "like_club")
    assert live is not None
    before = opened(workspace, content_of(workspace, live), LookalikeDocument)
    assert after.document == before.found
    assert repr(after.model) == repr(before.model)
    # As of the run, what was planted alone tells the members.
    leaked = seed_examples(later, replace(definition, at=LookedAt.RUN), seed, NOW)
    assert not isinstance(leaked, str)
    assert {"stores", "orders", "city"} & {one.name for one in leaked.left_out if one.fault is Fault.LEAKING}


def _growing(people: int) -> Iterator[dict[str, object]]:
    """Yield a shop that grows: its paper's issues are told to who is there, and on any day some enter the club."""
    random = np.random.default_rng(31)
    came = 400 * random.random(people)
    would = came - random.exponential(400, people)
    joins = would > 10
    for person in range(people):
        name, start = f"p{person}", float(came[person])
        issues = [(issue, days) for issue, days in enumerate(range(360, 0, -60)) if days < start]
        yield told(name, f"came-{person}", start, heard=0)
        for heard, (issue, days) in enumerate(issues):
            yield told(name, f"issue-{person}-{issue}", days, issue=issue, heard=heard + 1)
        if joins[person]:
            yield told(name, f"joins-{person}", float(would[person]), club=True)


def test_features_that_carry_only_time_tell_nobody_apart(tmp_path: Path) -> None:
    project = lookalike_shop(tmp_path, AT_ENTRY, SEGMENTS, lines=_growing(2_500))
    list(project.run(NOW))
    list(project.run(NOW))
    found = project.lookalikes("like_club")
    assert found is not None
    assert found.entries is not None
    assert set(found.study.features) == {"issue", "heard"}
    assert found.quality.area.estimate == pytest.approx(0.5, abs=0.03)
    assert not found.quality.is_better_than_lot
    workspace = project._workspace()
    definition = _declared(workspace)
    past = entry_examples(workspace, definition, seed_rules(workspace, definition), NOW)
    assert not isinstance(past, str)
    for name in ("issue", "heard"):
        values = np.nan_to_num(past.examples.table.column(name), nan=-1)
        assert auc_interval(values, past.examples.reached).estimate == pytest.approx(0.5, abs=0.03)


def test_who_was_a_member_once_or_before_is_on_neither_side_and_told(shop: Project, tmp_path: Path) -> None:
    shutil.copytree(shop.folder.path, tmp_path / "own")
    own = Project(tmp_path / "own", clock=shop.clock)
    workspace = own._workspace()
    gone, *_ = user_ids_of(workspace, list(first_entries(workspace, "club", NOW))).values()
    outside = user_ids_of(workspace, list(own.preview("not club = true", NOW, sample=1).sample))
    moves = [told(gone, "leaves", -1, club=False), *(told(one, "joins", -1.5, club=True) for one in outside.values())]
    own.ingest(lines_in(tmp_path)("moves.jsonl", moves))
    later = NOW + 2 * DAY
    fresh = own._workspace()
    definition = _declared(fresh)
    found = entry_examples(fresh, definition, seed_rules(fresh, definition), later)
    assert not isinstance(found, str)
    assert (found.looked_at.former, found.looked_at.unlogged) == (1, 1)
    asked = replace(definition, among="stores >= 1")
    among = entry_examples(fresh, asked, seed_rules(fresh, asked), later)
    assert not isinstance(among, str)
    assert among.looked_at.asked_for_not > 0
    assert among.looked_at.learnt + among.looked_at.asked_for_not == found.looked_at.learnt
