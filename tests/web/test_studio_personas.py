"""The catalogue of personas in the studio: cards with what people noted; noting; nothing that is written runs."""

import csv
import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from studio_desk import EVERY_RIGHT, Studio, plain, studio

from cluster_shop import two_groups
from kohort.project import Project
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \" ' javascript:alert(3)"
WRITTEN = """personas:
  - persona: persona-1
    title: {en: "Regulars <b>", fr: "Habitués <b>"}
    notes: [{date: 2025-11-02, by: "<i>Ada</i>", text: They ask for loose tea.}]
    pictures:
      - {file: pictures/anna.png, alt: '"><script>alert(4)</script>'}
      - {url: "https://cdn.example/anna.png?a=1&b=2", alt: Anna}
    surveys: [{finding: "Would pay <u>", asked: 120, agreed: 50, source: "Poll & Co"}]
    segments: [big]
  - persona: persona-99
    notes: [{date: 2025-01-01, by: Ben, text: Of another time.}]
"""


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = two_groups(tmp_path_factory.mktemp("cards"))
    folder = project.folder.path
    (folder / "segments" / "big.yaml").write_text("segments: [{name: big, where: orders >= 5}]")
    for name in ("pictures", "personas"):
        (folder / name).mkdir()
    (folder / "pictures" / "anna.png").write_bytes(PNG)
    (folder / "personas" / "ours.yaml").write_text(WRITTEN)
    project.discover()
    return project


@pytest.fixture(scope="module")
def open_studio(noted: Project) -> Iterator[Studio]:
    with studio(noted) as found:
        yield found


def note(found: Studio, persona: str, text: str, csrf: str = EVERY_RIGHT.csrf) -> int:
    return found.send("/personas", {"csrf": csrf, "persona": persona, "text": text}).status_code


def test_cards_tell_what_was_found_and_what_people_know(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/personas", one).text) for one in ("en", "fr"))
    for words in (
        "Regulars <b>",
        "They ask for loose tea.",
        "<i>Ada</i> , 2025-11-02 · personas/ours.yaml",
        "never found",
    ):
        assert words in english
    assert re.search(r"Would pay <u> 41\.7% of 120 asked \(33\.2% to 50\.6%\) Poll & Co", english)
    assert "Spent per person" in english
    assert "Dépensé par personne" in french
    assert "Habitués <b>" in french
    assert "Acheteurs fréquents aux gros paniers, venus récemment" in french
    assert "Elle en trouve 100 %" in french
    assert "Génération 1 : 0 continue, 2 nouveaux, 0 disparu." in french


def test_the_page_is_also_data_and_a_table(open_studio: Studio) -> None:
    page = open_studio.get("/personas.json").json()
    first = page["personas"][0]
    assert (first["identity"], first["status"], first["people"], first["generations"]) == (
        "persona-1",
        "current",
        30,
        1,
    )
    assert first["value"]["low"] < first["value"]["estimate"] < first["value"]["high"]
    assert first["rule"]["held_out"] == 18
    assert [one["identity"] for one in page["generations"][0]["born"]] == ["persona-1", "persona-2"]
    table = list(csv.DictReader(open_studio.get("/personas.csv").text.splitlines()))
    assert [one["identity"] for one in table] == ["persona-1", "persona-2", "persona-99"]


@pytest.mark.parametrize("language", list(Language))
def test_both_links_to_the_builder_open_rules_of_its_people(
    open_studio: Studio, noted: Project, language: Language
) -> None:
    page = open_studio.get("/personas", language.value).text
    links = [urlsplit(html.unescape(one)) for one in re.findall(r'href="(/build[^"]+)"', page)]
    asked = [parse_qs(one.query) for one in links]
    assert [one["name"] for one in asked] == [["persona_1"], ["persona_1_rule"], ["persona_2"], ["persona_2_rule"]]
    for one in asked:
        assert noted.preview(parse_rule(one["rule"][0], language)).size == 30


def test_a_note_is_kept_as_it_was_written_by_whom_and_nothing_of_it_runs(open_studio: Studio, noted: Project) -> None:
    before = (noted.folder.path / "personas" / "ours.yaml").read_bytes()
    assert note(open_studio, "persona-2", HOSTILE) == 303
    assert (noted.folder.path / "personas" / "ours.yaml").read_bytes() == before
    [kept] = noted.persona("persona-2").notes
    assert (kept.by, kept.text, kept.kept_in) == ("Ada", HOSTILE, "journal")
    for language in ("en", "fr"):
        page = open_studio.get("/personas?noted=persona-2", language).text
        assert HOSTILE in html.unescape(page)
        for raw in ("<script>alert", "<img src=x", "<b>", "<i>Ada", "<u>"):
            assert raw not in page
        assert 'href="javascript' not in page
    assert "Noted." in plain(open_studio.get("/personas?noted=persona-2").text)


@pytest.mark.parametrize(
    ("persona", "text", "status"), [("persona-7", "x", 422), ("persona-2", "  ", 422), ("", "", 422)]
)
def test_what_cannot_be_noted_is_refused(open_studio: Studio, persona: str, text: str, status: int) -> None:
    assert note(open_studio, persona, text) == status


def test_a_form_from_elsewhere_notes_nothing(open_studio: Studio) -> None:
    assert note(open_studio, "persona-2", "from elsewhere", csrf="another") == 403


def test_pictures_of_the_project_are_shown_and_no_other_file(open_studio: Studio) -> None:
    page = open_studio.get("/personas").text
    [path] = [html.unescape(one) for one in re.findall(r'<img src="(/personas[^"]+)"', page)]
    answer = open_studio.get(path)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert 'href="https://cdn.example/anna.png?a=1&amp;b=2" rel="noreferrer noopener external"' in page
    for asked in ("persona=persona-1&number=1", "persona=persona-1&number=9", "persona=none"):
        assert open_studio.get(f"/personas/picture?{asked}").status_code == 422


def test_who_may_only_read_sees_no_form(noted: Project) -> None:
    with studio(noted, "segments:read") as found:
        page = found.get("/personas")
        assert (page.status_code, "<textarea" in page.text) == (200, False)
        assert note(found, "persona-2", "x") == 403
    with studio(noted, "people:read") as found:
        assert found.get("/personas").status_code == 403


def test_before_the_first_search_the_page_says_what_to_do(shop: Project) -> None:
    with studio(shop) as found:
        assert "kohort discover" in plain(found.get("/personas", "fr").text)
