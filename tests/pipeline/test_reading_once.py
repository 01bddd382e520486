"""A history read once for several moments says of each what is said where it is read anew for each."""

from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from kohort.definitions.prediction import PredictionDefinition
from kohort.pipeline.facts import facts_until
from kohort.pipeline.learning.known import Known, known_at
from kohort.pipeline.learning.prediction_examples import past_examples
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.storage import views
from prediction_shop import PEOPLE, SCORES, days_before, ran_shop
from small_shop import NOW, iso, lines_in

MOMENTS = [days_before(days) for days in (0, 200, 30, 31, 120, 60, 365, 1)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a shop whose people were told traits at several times: other values, other types, taken back."""
    folder = tmp_path_factory.mktemp("read-once")
    project = ran_shop(folder)
    told = [
        {"type": "identify", "messageId": f"t{one}-{days}", "userId": f"p{one}", "traits": traits,
         "timestamp": iso(days_before(days + one % 4))}
        for one in range(0, PEOPLE, 3)
        for days, traits in ((400, {"town": "Lyon"}), (90, {"town": "Nantes", "age": one}), (31, {"town": None}))
    ]  # fmt: skip
    project.ingest(lines_in(folder)("traits.jsonl", told))
    return project


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Count how often relations are opened."""
    counting = Mock(wraps=views.open_views)
    monkeypatch.setattr(views, "open_views", counting)
    return counting


def test_what_was_known_at_each_moment_is_what_is_read_for_it_alone(shop: Project, openings: Mock) -> None:
    workspace = shop._workspace()
    with workspace.read_once(NOW) as once:
        told = [_told(known_at(once, moment)) for moment in MOMENTS]
    assert openings.call_count == 1
    expected = [_told(known_at(workspace, moment)) for moment in MOMENTS]
    assert openings.call_count > 2 * len(MOMENTS)
    for one, other in zip(told, expected, strict=True):
        assert one == other
    towns = {town for _, columns in told for town in columns["town"]}
    assert towns == {None, "Lyon", "Nantes"}


def test_facts_of_a_later_moment_than_was_promised_are_read_again(shop: Project) -> None:
    workspace = shop._workspace()
    with workspace.read_once(days_before(60)) as once:
        for moment in (days_before(90), NOW, days_before(30), days_before(365)):
            found = facts_until(once, "order_completed", {}, moment, where="test")
            assert found.equals(facts_until(workspace, "order_completed", {}, moment, where="test"))
            assert found.num_rows


def test_examples_of_the_past_are_the_same(shop: Project, monkeypatch: pytest.MonkeyPatch, openings: Mock) -> None:
    workspace = shop._workspace()
    [lapse] = [one for one in workspace.scores if isinstance(one, PredictionDefinition)]
    found = past_examples(workspace, lapse, NOW)
    assert openings.call_count == 1
    read_anew(monkeypatch)
    expected = past_examples(workspace, lapse, NOW)
    assert (found.cut_offs, found.left_out) == (expected.cut_offs, expected.left_out)
    for name in ("reached", "groups", "times"):
        np.testing.assert_array_equal(getattr(found.examples, name), getattr(expected.examples, name))
    for one, other in ((found.examples.table, expected.examples.table), (found.today, expected.today)):
        assert (one.person_ids, one.names, one.texts) == (other.person_ids, other.names, other.texts)
        np.testing.assert_array_equal(one.values, other.values)


def test_who_is_scored_live_is_read_with_one_connection(tmp_path: Path, openings: Mock) -> None:
    shop = ran_shop(tmp_path)
    [with_everybody] = shop.person_scores_now("p7", NOW)
    assert openings.call_count == 2, "RFM compares everybody"
    # What a run has told of RFM is read of the person like any other trait where no score computes it.
    scores = shop.folder.path / "scores/scores.yaml"
    scores.write_text("scores:\n" + SCORES[SCORES.index("  - kind: behaviour") :])
    openings.reset_mock()
    [alone] = shop.person_scores_now("p7", NOW)
    assert openings.call_count == 1
    assert alone.chance == pytest.approx(with_everybody.chance, abs=0.2)


def read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every question read the history for itself."""
    monkeypatch.setattr(Workspace, "read_once", lambda self, _until: nullcontext(self))


def _told(known: Known) -> tuple[list[str], dict[str, list[object]]]:
    return list(known.people), {name: column.to_pylist() for name, (column, _) in known.columns.items()}
