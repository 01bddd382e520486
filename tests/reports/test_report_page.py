"""The page holds what it is given, says what is missing, and can be read by everybody."""

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from html_reading import Page
from report_builder import cluster_map, discovery, empty, nothing_found, outcome, persona, shop

from kohort.reports.data import ReportData
from kohort.reports.page import render_report


@cache
def page_of(data: ReportData) -> Page:
    return Page(render_report(data))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_every_element_is_closed_and_every_id_is_used_once() -> None:
    page = page_of(shop())
    assert page.unmatched == []
    assert [one.tag for one in page.open] == []
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def test_the_page_needs_nothing_else() -> None:
    page = page_of(shop())
    assert page.all("script") == page.all("link") == page.all("iframe") == page.all("img") == []
    for element in page.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            assert name != "src"
            assert "http" not in (value or "").lower() or name in {"xmlns", "http-equiv"}
            if name in {"href", "xlink:href"}:
                assert (value or "").startswith("#")
    [policy] = [one for one in page.all("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert "@import" not in page.source
    assert "url(http" not in page.source


def test_headings_never_skip_a_level_and_every_link_has_its_target() -> None:
    page = page_of(shop())
    levels = [int(one.tag[1]) for one in page.elements if re.fullmatch("h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    ids = {one.attributes.get("id") for one in page.elements}
    assert {(one.attributes["href"] or "")[1:] for one in page.all("a")} <= ids
    labelled = " ".join(one.attributes.get("aria-labelledby") or "" for one in page.elements).split()
    assert set(labelled) <= ids


def test_the_page_names_its_languages() -> None:
    page = page_of(shop())
    assert page.all("html")[0].attributes["lang"] == "en"
    french = {one.text.strip() for one in page.elements if one.attributes.get("lang") == "fr"}
    assert {"Réactifs", "Chasseurs de remises", "panier moyen", "ont commandé"} <= french


def test_every_chart_is_described_and_has_its_numbers_as_a_table() -> None:
    page = page_of(shop())
    figures = page.all("figure")
    charts = page.all("svg")
    assert len(figures) == len(charts) == 12
    assert all(one.attributes["role"] == "img" and one.attributes["aria-labelledby"] for one in charts)
    without = {one.attributes["id"] for one in figures if "In numbers" not in one.text}
    assert without == {"figure-inertia", "figure-silhouette", "figure-stability"}, (
        "the table of figure-gap holds all four"
    )
    heads = page.tables()["What each number of clusters is worth"][0]
    assert {"Inertia left", "Silhouette ± SE", "Weakest stability"} <= set(heads)
    assert len(page.all("caption")) == len(page.all("table"))


def test_who_is_in_exactly_which_segments_is_told_in_both_languages() -> None:
    page = page_of(shop())
    rows = page.tables()["People in exactly these segments"]
    assert [row[:2] for row in rows[1:]] == [
        ["Reactive", "1\u202f160"],
        ["none of them", "740"],
        ["VIP + Reactive", "80"],
        ["VIP", "20"],
    ]
    [figure] = [one for one in page.all("figure") if one.attributes["id"] == "figure-intersections"]
    assert "Each person counts once" in figure.text
    assert "Chacun compte une fois" in figure.text


def test_segments_show_the_figures_given() -> None:
    rows = page_of(shop()).tables()["Segments: people and revenue"]
    assert rows[1:3] == [
        ["VIP", "100", "5.0\u202f%", "884\u202f000\u202fUSD", "22.1\u202f%"],
        ["Reactive Réactifs", "1\u202f240", "62.0\u202f%", "3\u202f372\u202f000\u202fUSD", "84.3\u202f%"],
    ]


def test_a_rule_stands_beside_its_size() -> None:
    page = page_of(shop())
    [reactive] = [one for one in page.all("li") if one.text.strip().startswith("Reactive")]
    assert "days since last order_completed < 7" in reactive.text
    assert "1\u202f240 people" in reactive.text
    [left_out] = [one for one in page.all("li") if one.text.strip().startswith("Cart abandoners")]
    assert "no add_to_cart has been seen yet" in left_out.text


def test_history_is_told_under_the_labels_of_segments() -> None:
    rows = page_of(shop()).tables()["Size of each segment over time"]
    assert rows[0][:3] == ["Day", "VIP", "Reactive"]
    assert rows[1][:3] == ["2018-01-01", "100", "1\u202f240"]


def test_the_first_lines_say_what_matters() -> None:
    [short] = [one for one in page_of(shop()).all("div") if one.attributes.get("class") == "short"]
    said = plain(short.text)
    assert "The largest segment is Reactive: 1 240 of 2 000 people (62.0 %)." in said
    assert "Value is most concentrated in VIP: 5.0 % of people bring 22.1 % of revenue, 4.4 times their share." in said
    assert "VIP ordered in the next 8 weeks: 94.0 % [87.5–97.2] against 55.1 % of the others." in said
    assert "Left out of this run: Cart abandoners." in said


def test_a_persona_card_says_who_they_are_and_how_sure_that_is() -> None:
    card = page_of(shop()).all("article")[0]
    said = plain(card.text)
    for expected in (
        "Frequent orders, large baskets",
        "Commandes fréquentes, gros paniers",
        "380 · 19.0 %",
        "48.0 %",
        "very stable · Jaccard 0.93 [0.85–0.97] over 20 draws",
        "basket value panier moyen▲ higher",
        "$42.10",
        "discount share part des remises▼ slightly lower",
        "age: 45–54 âge : 45–54: 41.0 % here, 26.0 % elsewhere (×1.6 [1.3–1.9])",
        "Gradual border",
        "p_0f3a91",
    ):
        assert expected in said, expected


def test_rfm_cells_add_up_to_everybody() -> None:
    rows = page_of(shop()).tables()["People by recency (R) and frequency (F) score"]
    assert sum(int(row[1].replace("\u202f", "")) for row in rows[1:]) == 2_000
    assert rows[1] == ["R5 F5", "200", "520\u202fUSD"]


def test_outcomes_are_told_in_words() -> None:
    said = plain(page_of(shop()).text())
    assert "Discount hunters ordered in the next 8 weeks: 50.0 % [37.7–62.3] against 57.2 % of the others" in said
    assert "which may be chance" in said
    assert "Nobody: nobody was in it at the split." in said


def test_gradual_borders_are_said_only_where_they_are_gradual() -> None:
    assert "read these personas as regions of one landscape" in page_of(shop()).text()
    found = replace(discovery(), gradual=False)
    assert "regions of one landscape" not in page_of(replace(shop(), discovery=found)).text()


def test_without_stable_clusters_no_persona_is_invented() -> None:
    page = page_of(replace(shop(), discovery=nothing_found()))
    assert page.all("article") == []
    assert "a cluster does not come back when people are drawn again" in page.text()
    assert "invented groups would mislead" in page.text()
    assert {"figure-inertia", "figure-stability"} <= {one.attributes["id"] for one in page.all("figure")}


def test_an_empty_project_says_what_to_do_next() -> None:
    page = page_of(empty())
    assert page.all("svg") == []
    for expected in ("kohort run", "kohort discover", "No segment is declared yet", "No outcome was measured"):
        assert expected in page.text()


def test_sizes_over_time_need_two_moments() -> None:
    once = replace(shop(), sizes=shop().sizes[11::12])
    page = page_of(once)
    assert "figure-sizes-over-time" not in {one.attributes.get("id") for one in page.elements}
    assert "once the segments have been evaluated at two moments" in page.text()


def test_what_is_unknown_is_a_dash() -> None:
    poor = replace(persona(0), share_of_value=None, traits=(), example="")
    data = replace(shop(), discovery=replace(discovery(), personas=(poor,), map=None))
    assert "Share of revenue–" in page_of(data).all("article")[0].text.replace("\n", "")
    nobody = page_of(shop()).tables()[
        next(caption for caption in page_of(shop()).tables() if caption.startswith("Who ordered"))
    ][-1]
    assert nobody[:3] == ["Nobody Personne", "0", "–"]


def test_a_small_group_is_pointed_out_to_the_privacy_officer() -> None:
    assert "The smallest group shown holds 5 people, so that somebody might be recognised" in page_of(shop()).text()


def test_a_full_map_keeps_the_file_small() -> None:
    full = replace(shop(), discovery=replace(discovery(), map=cluster_map(2_000)))
    assert len(render_report(full).encode()) < 1_000_000


def test_two_outcomes_do_not_collide() -> None:
    page = page_of(replace(shop(), outcomes=(outcome(), outcome())))
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert {"figure-outcome-1", "figure-outcome-2"} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("many", [60])
def test_many_segments_stay_readable(many: int) -> None:
    first = shop().segments[0]
    segments = tuple(replace(first, name=f"s{number}", size=number) for number in range(many))
    page = page_of(replace(shop(), segments=segments))
    assert len(page.tables()["Segments: people and revenue"]) == many + 1
    assert "The 20 largest are drawn." in page.text()
