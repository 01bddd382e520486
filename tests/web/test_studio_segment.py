"""The page of a segment and its parts: exact numbers, in both languages, as data and tables; going back."""

import csv
import html
import json
import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

import pytest
from studio_desk import Studio, plain, studio

from kohort.project import Project
from kohort.testing.clock import SettableClock
from kohort.web.studio.fragments import HEADER
from segment_shop import open_shop, written
from small_shop import NOW, WriteLines, made_once

AT = "2026-03-01T00:00:00.000000+00:00"
COUNTS = ("sizes", "moves", "apart", "value", "overlap", "flows", "versions", "checks")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The shop, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("standing")
    shop = Project.create(folder / "shop", clock=SettableClock(NOW))
    return open_shop(shop, partial(written, folder))


@pytest.fixture(scope="module")
def open_studio(standing: Project) -> Iterator[Studio]:
    with studio(standing) as found:
        yield found


@made_once
def trading(shop: Project, write_lines: WriteLines) -> Project:
    return open_shop(shop, write_lines)


def part(found: Studio, path: str, language: str = "en") -> str:
    """Return the text of a part, as the script asks for it."""
    answer = found.get(path, language, **{HEADER: "1"})
    assert answer.status_code == 200, answer.text
    assert "<html" not in answer.text
    return plain(answer.text)


def rows(found: Studio, path: str) -> list[dict[str, str]]:
    answer = found.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(answer.text.splitlines()))


def test_the_page_tells_what_it_means_and_how_many_are_in_as_of_when(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/segments/buyers", one).text) for one in ("en", "fr"))
    assert "Buyers" in english
    assert "did order_completed in last 30 days" in english
    assert "People 6" in english
    assert "50% of 12" in english
    assert "1 March 2026, 00:00" in english
    assert "Acheteurs" in french
    assert "a fait order_completed dans les 30 derniers jours" in french
    assert "50 % sur 12" in french
    assert "État au 1 mars 2026, 00:00" in french
    data = open_studio.get("/segments/buyers.json").json()
    assert (data["size"], data["population"], data["share"], data["at"]) == (6, 12, 0.5, AT)
    assert data["parts"]["apart"] == "/segments/buyers/apart"


@pytest.mark.slow
def test_a_part_is_also_a_page_for_who_has_no_script(open_studio: Studio) -> None:
    for name in (*COUNTS, "members"):
        answer = open_studio.get(f"/segments/buyers/{name}")
        assert answer.status_code == 200, answer.text
        assert answer.text.count("<h1") == 1, name
        assert 'href="/segments/buyers"' in answer.text
        assert open_studio.get(f"/segments/buyers/{name}.json").json()["segment"] == "buyers"


def test_size_over_time(open_studio: Studio) -> None:
    assert "Size by today" not in part(open_studio, "/segments/buyers/sizes")
    data = open_studio.get("/segments/buyers/sizes.json?every=week").json()
    assert [one["size"] for one in data["sizes"]][-2:] == [0, 6]
    assert data["sizes"][-1]["recorded"] == 6
    table = rows(open_studio, "/segments/buyers/sizes.csv")
    assert (len(table), table[-2]["size"], table[-3]["size"]) == (31, "6", "5")
    assert open_studio.get("/segments/buyers/sizes?every=hour").status_code == 422


def test_who_entered_and_left(open_studio: Studio) -> None:
    text = part(open_studio, "/segments/buyers/moves")
    assert "Entered in 30 days 6" in text
    assert "lately0 entered 28 February 2026, 00:00:00 · by what they did, or as time passed" in text
    assert "28 février 2026, 00:00:00" in part(open_studio, "/segments/buyers/moves", "fr")
    table = rows(open_studio, "/segments/buyers/moves.csv")
    assert [one["entered"] for one in table[-7:]] == ["0", *["1"] * 6]


def test_what_sets_it_apart(open_studio: Studio) -> None:
    text = part(open_studio, "/segments/buyers/apart")
    assert "6 people in it, compared with the 6 others." in text
    assert "city = Paris share 100% 58.3% ×1.71" in text
    assert "Everybody" in text
    table = {(one["subject"], one["value"]): one for one in rows(open_studio, "/segments/buyers/apart.csv")}
    assert float(table["city", "Paris"]["everybody"]) == pytest.approx(7 / 12)
    assert ("email", "lately0@example.org") not in table
    compared = part(open_studio, "/segments/buyers/apart?with=everybody")
    assert "One side has 0 people and the other 6: too few to compare." in compared
    assert open_studio.get("/segments/buyers/apart?with=nobody").status_code == 422
    assert open_studio.get("/segments/buyers/apart?with=buyers").status_code == 422


def test_what_it_is_worth(open_studio: Studio) -> None:
    text = part(open_studio, "/segments/buyers/value")
    assert "Revenue so far €600.00" in text
    assert "83.3% from 50% of people" in text
    assert "Per other person €20.00" in text
    assert "600,00 €" in part(open_studio, "/segments/buyers/value", "fr").replace("\xa0", " ").replace("\u202f", " ")
    data = open_studio.get("/segments/buyers/value.json").json()
    assert (data["revenue"], data["per_member"]["estimate"]) == (600_000_000, 100_000_000)


def test_overlap_is_exact(open_studio: Studio) -> None:
    data = open_studio.get("/segments/everybody/overlap.json").json()
    found = {frozenset(one["segments"]): one["size"] for one in data["intersections"]}
    assert found == {frozenset({"everybody", "buyers", "rich"}): 6, frozenset({"everybody"}): 6}
    assert [(one["shared"], one["jaccard"]) for one in data["pairs"]] == [(6, 0.5), (6, 0.5)]
    assert "Everybody + Buyers + =<b>&rich 6 50%" in part(open_studio, "/segments/everybody/overlap")


def test_flows_between_two_days(open_studio: Studio) -> None:
    path = "/segments/buyers/flows?since=2026-02-24&until=2026-02-27"
    data = open_studio.get(path.replace("flows?", "flows.json?")).json()
    assert (data["flow"]["before"], data["flow"]["entered"], data["flow"]["after"]) == (2, 3, 5)
    assert sum(one["people"] for one in data["came"]) == 3
    text = part(open_studio, path)
    assert "2 people before, 3 entered, 0 left, 5 after" in text
    answer = open_studio.get("/segments/buyers/flows?since=2026-03-01&until=2026-02-01")
    assert answer.status_code == 422


def test_a_segment_without_members_says_what_comes(open_studio: Studio) -> None:
    answer = open_studio.get("/segments/readers")
    assert "needs article_read" in answer.text
    assert "data-part=" not in answer.text
    assert "has not been evaluated" in plain(answer.text)
    assert open_studio.get("/segments/readers/apart.json").status_code == 409
    assert open_studio.get("/segments/nobody.json").status_code == 404
    assert open_studio.get("/segments/nobody").status_code == 404


def test_hostile_names_are_text(open_studio: Studio) -> None:
    for name in ("rich", "everybody"):
        for one in ("", *(f"/{one}" for one in COUNTS)):
            page = open_studio.get(f"/segments/{name}{one}", **{HEADER: "1"}).text
            assert "<b>&rich" not in page, one
    assert "=&lt;b&gt;&amp;rich" in open_studio.get("/segments/rich").text


@pytest.mark.slow
def test_a_name_may_hold_anything(trading: Project) -> None:
    path = trading.folder.path / "segments" / "ours.yaml"
    name = "b?c#<i>'\"%2F é"
    document = f"  - {json.dumps({'name': name, 'label': {'en': '<i>x'}, 'where': 'did order_completed'})}\n"
    path.write_text(path.read_text() + document)
    assert trading.apply(trading.plan())
    with studio(trading) as found:
        page = found.get(f"/segments/{quote(name, safe='')}")
        assert page.status_code == 200, page.text
        assert "<i>" not in page.text
        links = re.findall(r'data-part="([^"]+)"', page.text)
        assert len(links) == len(COUNTS) + 1
        for link in links:
            answer = found.get(html.unescape(link), **{HEADER: "1"})
            assert answer.status_code == 200, link
            assert "<i>" not in answer.text, link


def test_viewers_see_counts_and_nobody(standing: Project) -> None:
    with studio(standing, "segments:read") as found:
        page = found.get("/segments/buyers").text
        assert "memberships/stream" not in page
        assert "/segments/buyers/members" not in page
        assert found.get("/segments/buyers/members").status_code == 403
        assert found.get("/segments/buyers/moves.json").json()["newest"] is None
        for name in COUNTS:
            for form in ("", ".json"):
                text = found.get(f"/segments/buyers/{name}{form}").text
                assert "lately" not in text, (name, form)


def test_members_by_page(standing: Project) -> None:
    with studio(standing, "segments:read", "people:read") as found:
        first = found.get("/segments/everybody/members.json").json()
        assert (first["size"], len(first["members"]), first["next_cursor"]) == (12, 12, None)
        assert {one["user_id"] for one in first["members"]} >= {"lately0", "before5"}
        text = part(found, "/segments/everybody/members")
        assert "12 of 12 people" in text
        assert "members.csv" not in found.get("/segments/everybody/members").text, "files need another right"
        assert found.get("/segments/everybody/members?cursor=%C3%A9").status_code == 422
    with studio(standing) as found:
        page = found.get("/segments/everybody/members").text
        assert 'href="/api/v1/segments/everybody/members.csv?raw=true"' in page


def test_going_back_begins_with_a_plan(trading: Project) -> None:
    path = trading.folder.path / "segments" / "ours.yaml"
    path.write_text(path.read_text().replace("in last 30 days", "in last 365 days"))
    assert trading.apply(trading.plan())
    with studio(trading) as found:
        text = part(found, "/segments/buyers/versions")
        assert "Version 2 in force" in text
        assert "12 people then; 6 entered and 0 left because of it." in text
        versions = found.get("/segments/buyers/versions.json").json()["versions"]
        assert [one["version"] for one in versions] == [2, 1]
        (link,) = re.findall(r'href="(/changes[^"]+)"', found.get("/segments/buyers/versions").text)
        assert "Leave 6" in plain(found.get(html.unescape(link)).text)


@pytest.mark.slow
def test_who_may_not_change_a_segment_is_offered_nothing(trading: Project) -> None:
    path = trading.folder.path / "segments" / "ours.yaml"
    path.write_text(path.read_text().replace("in last 30 days", "in last 365 days"))
    assert trading.apply(trading.plan())
    with studio(trading, "segments:read") as found:
        assert "/changes?segment" not in found.get("/segments/buyers/versions").text


SLASHED = 'a/b %2F é "&'
"""A name with all that an address might take for something else."""


@pytest.mark.slow
def test_a_name_with_a_slash_has_a_page_and_parts(shop: Project, write_lines: WriteLines) -> None:
    ours = open_shop(shop, write_lines)
    segments = {"segments": [{"name": name, "where": "did order_completed"} for name in (SLASHED, "a", "b/members")]}
    (ours.folder.path / "segments" / "slashed.yaml").write_text(json.dumps(segments))
    ours.apply(ours.plan())
    with studio(ours) as found:
        listed = found.get("/segments").text
        for name in (SLASHED, "a", "b/members"):
            path = f"/segments/{quote(name, safe='')}"
            assert f'href="{path}"' in listed
            page = found.get(f"{path}.json").json()
            assert (page["name"], page["parts"]["apart"]) == (name, f"{path}/apart")
            assert found.get(f"{path}/members.json").json()["segment"] == name
            assert f'href="{path}"' in found.get(f"{path}/overlap").text
        assert found.get("/segments/a/b.json").status_code == 404, "a slash that is none of a name parts the path"
