"""Look-alikes on the studio's page of checks, beside clusters and predictions."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from studio_desk import Studio, plain, studio

from kohort.project import Project
from kohort.reports.checks import Held
from kohort.reports.validation_lookalikes import lookalike_checks
from kohort.stats.intervals import Interval
from lookalike_shop import lookalike_shop
from small_shop import NOW

SCORES = """scores:
  - kind: lookalike
    name: like_club
    seed: club
    models: [logistic]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder: Path = tmp_path_factory.mktemp("checked")
    project = lookalike_shop(folder, SCORES)
    list(project.run(NOW))
    return project


@pytest.fixture(scope="module")
def open_studio(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


@pytest.mark.slow
def test_what_was_checked_of_lookalikes_stands_on_the_page(open_studio: Studio, shop: Project) -> None:
    [told] = open_studio.get("/validation.json").json()["predictions"]
    assert (told["score"], told["number"]) == ("like_club", 1)
    [shown] = shop.lookalikes_shown()
    checks = lookalike_checks(shown)
    assert {one["key"]: one["held"] for one in told["checks"]} == {one.key: str(one.held) for one in checks}
    assert checks[0].held is Held.YES
    english, french = (plain(open_studio.get("/validation", one).text) for one in ("en", "fr"))
    assert "like_club: are hidden members found again? it holds" in english
    assert "and it may be none" in english
    assert "like_club : les membres cachés sont-ils retrouvés ?" in french
    rows = list(csv.DictReader(open_studio.get("/validation.csv").text.splitlines()))
    assert {row["check"] for row in rows} == {one.key for one in checks}


@pytest.mark.slow
def test_likeness_that_is_no_better_than_lots_or_copies_the_rule_does_not_hold(shop: Project) -> None:
    [shown] = shop.lookalikes_shown()
    lots = replace(shown.quality, area=Interval(0.51, 0.47, 0.55, 500))
    assert lookalike_checks(replace(shown, quality=lots))[0].held is Held.NO
    copied = replace(shown, study=replace(shown.study, is_telling=True))
    assert lookalike_checks(copied)[-1].held is Held.NO
