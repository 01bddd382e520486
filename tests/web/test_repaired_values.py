"""A value that was made is told as such by the API and on the studio's page of a person, and masked like its trait."""

import json
from collections.abc import Iterator

import pytest
from api_desk import answering
from studio_desk import Studio, studio

from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

SCORES = """\
scores:
  - {kind: outliers, name: odd, traits: [income], methods: [bounds], bounds: {income: {to: 90000}}, treatment: cap}
  - {kind: imputation, name: fill, traits: [income_capped], method: median}
"""
SEGMENT = "segments: [{name: rich, label: {en: Rich, fr: Aisés}, where: income_capped_filled >= 40000}]"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop of ada, who told her income, ben, who did not, and cid, who told too much."""
    folder = tmp_path_factory.mktemp("repaired") / "shop"
    project = Project.create(folder, clock=SettableClock(NOW))
    (folder / "scores" / "reference.yaml").write_text(SCORES)
    (folder / "segments" / "reference.yaml").write_text(SEGMENT)
    told = {"ada": {"income": 50_000}, "ben": {"age": 30}, "cid": {"income": 900_000}}
    lines = [
        {"type": "identify", "userId": person, "messageId": person, "timestamp": iso(NOW - 10), "traits": traits}
        for person, traits in told.items()
    ]
    (folder.parent / "people.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    project.ingest(folder.parent / "people.jsonl")
    list(project.run(NOW))
    return project


@pytest.fixture(scope="module")
def pages(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


def test_the_api_tells_the_mark_of_a_trait_and_of_a_fact(shop: Project) -> None:
    with answering(shop, "people:read", "segments:read") as counter:
        traits = {one["name"]: one for one in counter.get("/api/v1/people/ben/traits").json()["traits"]}
        assert traits["income_capped_filled"]["mark"] == "imputed by median"
        assert traits["income_capped_filled"]["source"] == "fill (imputed by median)"
        assert traits["age"]["mark"] == ""
        why = counter.get("/api/v1/segments/rich/explanation?person=ben").json()
        assert [one["mark"] for one in why["facts"]] == ["imputed by median"]


@pytest.mark.parametrize(("language", "imputed", "capped"), [
    ("en", "imputed by median", "capped by bounds"), ("fr", "imputée par median", "plafonnée par bounds"),
])  # fmt: skip
def test_the_page_of_a_person_shows_the_mark(pages: Studio, language: str, imputed: str, capped: str) -> None:
    ben = pages.get("/people/ben?segment=rich", language).text
    assert ben.count(f'<span class="badge">{imputed}</span>') == 2, "of the score, and of the fact behind why"
    assert f"({imputed})" in ben
    assert f'<span class="badge">{capped}</span>' in pages.get("/people/cid", language).text
    ada = pages.get("/people/ada?segment=rich", language).text
    assert '<span class="badge">imput' not in ada
    assert f'<span class="badge">{capped}</span>' not in ada


def test_what_is_made_of_a_personal_trait_is_masked_like_it(shop: Project) -> None:
    settings = shop.folder.settings
    before = settings.read_text()
    settings.write_text(before + "privacy: {personal: [income]}\n")
    try:
        masked = Project(shop.folder.path, clock=SettableClock(NOW))
        assert all(
            masked.settings.privacy.is_personal(name, trait=True)
            for name in ("income", "income_capped", "income_capped_filled", "income_outlier", "income_capped_missing")
        )
        assert masked.settings.privacy.mentions_personal("income_capped_filled >= 40000")
    finally:
        settings.write_text(before)
