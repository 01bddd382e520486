"""What people write and answer becomes psychographic traits, which rules ask for."""

import json
from pathlib import Path

import pytest

from kohort.errors import DefinitionError
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, iso

DAYS = 24 * 3_600 * 1_000_000
SCORES = """\
scores:
  - kind: texts
    name: voice
    texts:
      - {event: review_written, property: body, language: lang}
      - {trait: comment}
    window: 100 days
  - kind: survey
    name: ease
    items:
      - {event: survey_answered, property: q1}
      - {event: survey_answered, property: q2, reversed: true}
      - {trait: q3}
    minimum: 2
  - {kind: survey, name: recommend, measure: nps, items: [{event: survey_answered, property: nps}]}
  - {kind: survey, name: happy, measure: csat, items: [{event: survey_answered, property: csat}]}
  - {kind: survey, name: later, measure: csat, items: [{event: never_seen, property: csat}]}
"""
SEGMENTS = """\
segments:
  - {name: sporty, where: voice_interests includes "sport"}
  - {name: unhappy, where: voice_newest = "negative" and voice_negative_share >= 0.5}
  - {name: promoters, where: recommend_group = "promoter"}
"""
REVIEWS: dict[str, list[tuple[int, str, str | None]]] = {
    "ann": [
        (2, "Chaussures de running géniales, parfaites pour mon marathon", "fr-FR"),
        (1, "Super salle de sport, j'adore le yoga et la piscine", None),
    ],
    "bob": [
        (200, "Great hotel, lovely beach, wonderful holiday", "en"),
        (3, "Terrible service, rude staff, never again", "en"),
    ],
    "eve": [(1, "好", None)],
}
ANSWERS = {
    "ann": {"q1": 5, "q2": 1, "nps": 10, "csat": 5},
    "bob": {"q1": 2, "q2": 5, "nps": 6, "csat": 3},
    "dan": {"q1": 4, "q2": 2, "nps": 8, "csat": 4},
    "eve": {"q1": 77, "q2": 3},
}


def messages() -> list[dict[str, object]]:
    found: list[dict[str, object]] = []

    def add(person: str, days_ago: int, **rest: object) -> None:
        moment = iso(NOW - days_ago * DAYS - 10)
        found.append({"messageId": f"m{len(found)}", "userId": person, "timestamp": moment, **rest})

    for person, reviews in REVIEWS.items():
        for days_ago, body, language in reviews:
            told = {"body": body} | ({"lang": language} if language else {})
            add(person, days_ago, type="track", event="Review Written", properties=told)
    for person, answers in ANSWERS.items():
        add(person, 9, type="track", event="Survey Answered", properties=dict.fromkeys(answers, 1))
        add(person, 1, type="track", event="Survey Answered", properties=answers)
    add("ann", 1, type="identify", traits={"q3": 4})
    add("dan", 1, type="identify", traits={"q3": 4, "comment": "Le vétérinaire a été adorable avec mon chien"})
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("psychographic")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    (folder / "shop" / "segments" / "reference.yaml").write_text(SEGMENTS)
    (folder / "shop" / "scores" / "reference.yaml").write_text(SCORES)
    lines = "".join(json.dumps(one) + "\n" for one in messages())
    (folder / "said.jsonl").write_text(lines, encoding="utf-8")
    project.ingest(folder / "said.jsonl")
    outcomes = {one.step: one for one in project.run(NOW)}
    assert [outcomes[f"score {one}"].state for one in ("voice", "ease", "recommend", "happy")] == ["done"] * 4
    assert "needs never_seen" in outcomes["score later"].detail
    return project


def held(project: Project, person: str) -> dict[str, object]:
    return {one.name: one.value for one in project.traits(person)}


def test_texts_become_traits_of_their_score(shop: Project) -> None:
    ann = held(shop, "ann")
    assert (ann["voice_texts"], ann["voice_sentiment"], ann["voice_negative_share"]) == (2, 1, 0)
    assert (ann["voice_newest"], "sport" in str(ann["voice_interests"])) == ("positive", True)
    assert {one.source for one in shop.traits("ann") if one.name.startswith("voice_")} == {"voice"}


def test_texts_beyond_the_window_or_in_no_known_language_do_not_count(shop: Project) -> None:
    bob = held(shop, "bob")
    assert (bob["voice_texts"], bob["voice_newest"], bob["voice_negative_share"]) == (1, "negative", 1)
    assert bob["voice_theme"] == "service"
    assert not [name for name in held(shop, "eve") if name.startswith("voice_")]


def test_a_trait_that_is_a_text_is_read_too(shop: Project) -> None:
    dan = held(shop, "dan")
    assert dan["voice_texts"] == 1
    assert "animals" in str(dan["voice_interests"])


def test_rules_ask_for_what_people_say(shop: Project) -> None:
    ids = {name: set(shop.members(name).column("user_id").to_pylist()) for name in ("sporty", "unhappy", "promoters")}
    assert ids == {"sporty": {"ann"}, "unhappy": {"bob"}, "promoters": {"ann"}}


def test_the_newest_answers_make_a_scale_with_reversed_items_turned(shop: Project) -> None:
    assert (str(held(shop, "ann")["ease_score"]), held(shop, "ann")["ease_answered"]) == ("4.666667", 3)
    assert held(shop, "bob")["ease_score"] == 1.5
    assert "ease_score" not in held(shop, "eve")
    assert held(shop, "eve")["ease_answered"] == 1


def test_people_promote_and_are_satisfied_or_not(shop: Project) -> None:
    told = {person: held(shop, person) for person in ("ann", "bob", "dan")}
    assert [one["recommend_group"] for one in told.values()] == ["promoter", "detractor", "passive"]
    assert [one["happy_satisfied"] for one in told.values()] == [True, False, True]


def test_a_run_says_what_it_found(shop: Project) -> None:
    found = {(one.check, one.subject): one.detail for one in shop.findings()}
    assert "of 5 texts 1 " in found["texts read", "voice"]
    assert found["answers outside", "ease"].startswith("1 of 10 answers")
    assert "net promoter score is +0 (95 %: -100 to +100), by 3" in found["net promoter score", "recommend"]
    assert "67 % are satisfied" in found["satisfied", "happy"]


def test_texts_themselves_are_in_no_trait_that_a_score_wrote(shop: Project) -> None:
    written = str([one.value for person in REVIEWS for one in shop.traits(person) if one.source == "voice"])
    assert "marathon" not in written
    assert "holiday" not in written


def test_a_number_is_no_text(shop: Project, tmp_path: Path) -> None:
    file = shop.folder.path / "scores" / "reference.yaml"
    file.write_text("scores: [{kind: texts, name: wrong, texts: [{event: survey_answered, property: q1}]}]")
    try:
        with pytest.raises(DefinitionError, match=r"survey_answered\.q1 should be a text and is a number"):
            list(Project(shop.folder.path, clock=SettableClock(NOW)).run(NOW))
    finally:
        file.write_text(SCORES)
