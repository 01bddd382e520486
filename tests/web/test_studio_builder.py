"""The builder over HTTP: cards, sentence and size in step, in both languages; what is kept, is kept in a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from studio_desk import EVERY_RIGHT, Studio, studio

from kohort.project import Project
from kohort.rules.document import document_of
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.testing.clock import SettableClock
from kohort.web.studio.builder.drafts import Card, Edit, Group, Sent
from kohort.web.studio.builder.reading import draft_of
from segment_shop import written
from small_shop import NOW, order

SEGMENTS = """segments:
  # Those who come back.
  - name: regulars
    label: {en: Regulars, fr: Habitués}
    where: count of order_completed in last 90 days >= 2
    owner: ada
"""


def project_of(folder: Path) -> Project:
    """Make a shop where ada bought twice, ben once and cid long ago; it has run."""
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for file in (folder / "shop" / "segments").iterdir():
        file.unlink()
    (folder / "shop" / "segments" / "ours.yaml").write_text(SEGMENTS)
    told = [("ada", 2), ("ada", 10), ("ben", 3), ("cid", 60)]
    lines: list[object] = [order(who, n, days_ago=days, total=10 * n) for n, (who, days) in enumerate(told, start=1)]
    traits = {"country": "FR", "clv": 30}
    lines.append({"type": "identify", "userId": "ada", "messageId": "i", "timestamp": "2026-02-01", "traits": traits})
    project.ingest(written(folder, "orders.jsonl", lines))
    list(project.run())
    return project


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop that nobody changes."""
    return project_of(tmp_path_factory.mktemp("looked-at"))


@pytest.fixture(scope="module")
def open_studio(looked_at: Project) -> Iterator[Studio]:
    with studio(looked_at) as found:
        yield found


@pytest.fixture
def trading(tmp_path: Path) -> Project:
    """A shop of which the files are changed."""
    return project_of(tmp_path)


@pytest.fixture
def desk(trading: Project) -> Iterator[Studio]:
    with studio(trading) as found:
        yield found


def sent(draft: Group | None = None, edit: Edit | None = None, sentence: str | None = None) -> Any:
    return msgspec.to_builtins(Sent(draft, edit, sentence))


def outcome(found: Studio, sentence: str, language: Language = Language.EN) -> Any:
    draft = draft_of(parse_rule(sentence, language))
    return found.post("/build/outcome", sent(draft), language.value).json()


def test_cards_have_the_exact_size_of_their_rule(open_studio: Studio, looked_at: Project) -> None:
    for sentence in ("did order_completed in last 5 days", "not count of order_completed >= 2", 'country = "FR"'):
        assert outcome(open_studio, sentence)["size"] == looked_at.preview(sentence).size


def test_cards_are_told_as_a_sentence_and_as_a_document(open_studio: Studio) -> None:
    sentence = "count of order_completed in last 90 days >= 2 and clv in top 50%"
    found = outcome(open_studio, sentence)
    assert found["sentence"] == sentence
    assert found["document"] == document_of(parse_rule(sentence))


def test_a_rule_in_french_is_the_same_rule(open_studio: Studio) -> None:
    french = "nombre de order_completed dans les 90 derniers jours >= 2"
    found = outcome(open_studio, french, Language.FR)
    assert found["sentence"] == french
    assert found["document"] == document_of(parse_rule("count of order_completed in last 90 days >= 2"))
    assert "sur 3 personnes" in found["outcome"]


def test_a_sentence_becomes_cards(open_studio: Studio) -> None:
    answer = open_studio.post("/build/cards", sent(sentence="did order_completed where total > 5 today")).json()
    assert re.search(r'data-field="event" value="order_completed"', answer["cards"])
    assert re.search(r'data-field="property" value="total"', answer["cards"])
    assert re.search(r'<option value="today" selected>', answer["cards"])


def test_a_wrong_sentence_is_answered_with_its_place_in_its_language(open_studio: Studio) -> None:
    answer = open_studio.post("/build/cards", sent(sentence="did order_complete")).json()
    assert answer["refusal"].splitlines()[-1] == 'did you mean "order_completed"?'
    assert "^" in answer["refusal"]
    answer = open_studio.post("/build/cards", sent(sentence="a fait order_complete"), "fr").json()
    assert answer["refusal"].splitlines()[-1] == 'vouliez-vous dire "order_completed" ?'


def test_what_is_missing_is_told_and_nothing_is_counted(open_studio: Studio) -> None:
    draft = Group(cards=(Card("did"), Card("trait", {"trait": "clv", "test": ">="})))
    found = open_studio.post("/build/outcome", sent(draft)).json()
    assert [(one["path"], one["field"]) for one in found["problems"]] == [("0", "event"), ("1", "literal")]
    assert "2 things are still to be filled in" in found["outcome"]
    assert "size" not in found
    found = open_studio.post("/build/outcome", sent(draft), "fr").json()
    assert found["problems"][0]["message"] == "à remplir"


def test_names_that_nobody_knows_are_told(open_studio: Studio) -> None:
    found = outcome(open_studio, "did order_complete")
    assert "did you mean &#34;order_completed&#34;?" in found["outcome"]


def test_an_edit_draws_the_cards_anew(open_studio: Studio) -> None:
    draft = draft_of(parse_rule("did order_completed and clv > 5"))
    answer = open_studio.post("/build/cards", sent(draft, Edit("shift", "1", by=-1))).json()
    assert answer["focus"] == "0"
    assert answer["cards"].index('value="clv"') < answer["cards"].index('value="order_completed"')
    refused = open_studio.post("/build/cards", sent(draft, Edit("remove", "9")))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_edit")


def test_suggestions_come_with_their_counts(open_studio: Studio) -> None:
    def offered(query: str) -> list[tuple[str, str]]:
        return [(one["value"], one["label"]) for one in open_studio.get(f"/build/choices?{query}").json()["choices"]]

    assert ("order_completed", "4 events") in offered("of=events")
    assert ("country", "1 person") in offered("of=traits")
    assert ("total", "number") in offered("of=properties&event=order_completed")
    assert offered("of=values&trait=country&prefix=f") == [("FR", "1 person")]
    assert offered("of=values&trait=nobody") == []
    assert offered("of=segments") == [("regulars", "Regulars")]
    assert open_studio.get("/build/choices?of=secrets").status_code == 422


def test_who_may_not_see_people_is_offered_no_values_and_no_sample(looked_at: Project) -> None:
    with studio(looked_at, "segments:read") as found:
        assert found.get("/build/choices?of=values&trait=country").json() == {"choices": []}
        draft = draft_of(parse_rule("did order_completed"))
        page = found.post("/build/outcome", sent(draft)).json()["outcome"]
        assert "/people/" not in page
        assert "of 3 people" in page
        assert 'id="save"' not in found.get("/build").text


def test_guard_rails_are_told_while_one_builds(open_studio: Studio) -> None:
    assert "guard rail of 20" in outcome(open_studio, "clv > 5")["outcome"]
    assert "guard rail of 60%" in outcome(open_studio, "did order_completed")["outcome"]


def test_completions_follow_in_the_language_of_the_page(open_studio: Studio) -> None:
    def offered(sentence: str, language: str) -> list[str]:
        answer = open_studio.get(f"/build/completions?sentence={sentence}", language).json()
        return [one["text"] for one in answer["completions"]]

    assert offered("did ord", "en") == ["order_completed"]
    assert "dans le segment" in offered("dans le s", "fr")


def test_a_segment_is_opened_with_its_rule(open_studio: Studio) -> None:
    page = open_studio.get("/build?segment=regulars", "fr")
    assert "<h1>Habitués</h1>" in page.text
    assert "nombre de order_completed dans les 90 derniers jours &gt;= 2" in page.text
    data = open_studio.get("/build.json?segment=regulars").json()
    assert data["document"] == document_of(parse_rule("count of order_completed in last 90 days >= 2"))
    assert open_studio.get("/build?segment=regular").status_code == 422


def test_a_wrong_rule_in_the_address_is_told(open_studio: Studio) -> None:
    page = open_studio.get("/build?rule=%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in page
    assert 'role="alert"' in page


def keep(found: Studio, **fields: str) -> httpx.Response:
    return httpx.post(
        f"{found.url}/build/segments",
        data={"csrf": EVERY_RIGHT.csrf, **fields},
        headers={"accept": "text/html", "sec-fetch-site": "same-origin", "accept-language": "fr"},
        timeout=60,
    )


def test_what_is_kept_is_in_a_file_in_the_language_of_the_project(desk: Studio, trading: Project) -> None:
    answer = keep(desk, name="readers", sentence="a fait order_completed aujourd'hui", label_fr="Lecteurs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/changes")
    declared = trading.declared_segment("readers").document
    assert declared == {"name": "readers", "where": "did order_completed today", "label": {"fr": "Lecteurs"}}


def test_a_change_keeps_what_the_builder_does_not_show(desk: Studio, trading: Project) -> None:
    tag = trading.declared_segment("regulars").tag
    change = {"name": "regulars", "sentence": "a fait order_completed", "label_en": "All", "label_fr": "Tous"}
    assert keep(desk, etag=tag, **change).status_code == 303
    text = (trading.folder.path / "segments" / "ours.yaml").read_text()
    assert "# Those who come back." in text
    assert trading.declared_segment("regulars").document["owner"] == "ada"
    again = keep(desk, etag=tag, **change)
    assert again.status_code == 412, "somebody else has changed it since"


def test_a_name_that_is_taken_is_not_written_over(desk: Studio, trading: Project) -> None:
    before = (trading.folder.path / "segments" / "ours.yaml").read_text()
    answer = keep(desk, name="regulars", sentence="a fait order_completed")
    assert answer.status_code == 428
    assert (trading.folder.path / "segments" / "ours.yaml").read_text() == before
