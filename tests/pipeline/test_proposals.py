"""Merges that people's traits propose: decided in the journal, and taken back without a trace."""

import csv
from pathlib import Path

import pytest

from kohort.cli.main import run_command
from kohort.clock import DAY
from kohort.definitions.identity import USER
from kohort.errors import DefinitionError, InputError, UnknownNameError, UsageError
from kohort.pipeline.duplicates.proposals import Decision, Proposal, read_decisions
from kohort.profiles.identity import actor_id_of
from kohort.project import Project
from small_shop import NOW, WriteLines, iso, made_once, tables_of

SETTINGS = """\
name: shop
time_zone: UTC
duplicates:
  traits: {given: first_name, surname: last_name, birth: born, postcode: postal_code, town: city}
consent:
  purposes:
    ads_matching: {categories: [Advertising]}
"""
PEOPLE = {
    "ada": ("Thibault", "Lefèvre", "1980-05-14", "69003", "Lyon"),
    "bob": ("Thibaud", "LEFEBVRE", "1980-05-14", "69003", "Lyon"),
    "cid": ("Léonie", "Hautecloque", "2001-02-03", "75007", "Paris"),
    "dan": ("Barnabé", "Hautecloque", "2001-02-03", "75007", "Paris"),
    "eve": ("Maud", "Kermarec", "1963-07-30", "29200", "Brest"),
}
NAMES = ("first_name", "last_name", "born", "postal_code", "city")


@made_once
def people_shop(shop: Project, write_lines: WriteLines) -> Project:
    shop.folder.settings.write_text(SETTINGS, encoding="utf-8")
    lines = [
        {"type": "identify", "messageId": f"i-{user}", "userId": user, "timestamp": iso(NOW - (20 - number) * DAY),
         "traits": dict(zip(NAMES, told, strict=True)),
         "context": {"consent": {"categoryPreferences": {"Advertising": user != "bob"}}}}
        for number, (user, told) in enumerate(PEOPLE.items())
    ]  # fmt: skip
    shop.ingest(write_lines("people.jsonl", lines))
    return shop


def person(user: str) -> str:
    return actor_id_of(USER, user)


def pair(one: Proposal) -> frozenset[str]:
    return frozenset((one.left, one.right))


def proposed(project: Project) -> list[frozenset[str]]:
    return [pair(one) for one in project.proposals().proposals]


ADA_BOB = frozenset((person("ada"), person("bob")))
TWINS = frozenset((person("cid"), person("dan")))


def test_traits_propose_merges_and_change_nothing(people_shop: Project) -> None:
    before = tables_of(people_shop)
    found = people_shop.proposals()
    assert [pair(one) for one in found.sure] == [ADA_BOB]
    assert {pair(one): one.kin for one in found.proposals} == {ADA_BOB: False, TWINS: True}
    assert {one.column for one in found.fields} == set(NAMES)
    assert set(found.sure[0].values["last_name"]) == {"Lefèvre", "LEFEBVRE"}
    assert tables_of(people_shop) == before


def test_a_merge_takes_the_most_restrictive_consent_and_its_undoing_restores_everybody(people_shop: Project) -> None:
    def consents(user: str) -> object:
        return dict(people_shop.person(user).consents_to)["ads_matching"]

    before = tables_of(people_shop)
    assert (consents("ada"), consents("bob")) == ("granted", "denied")
    done = people_shop.decide_people([("ada", "bob", Decision.MERGE)], reason="looked at")
    assert done == {"merged": 1, "kept apart": 0, "taken back": 0, "as they were": 0}
    assert people_shop.person("ada").person_id == people_shop.person("bob").person_id
    # Denied after granted: that is a withdrawal.
    assert consents("ada") == consents("bob") == "withdrawn"
    assert ADA_BOB not in proposed(people_shop)

    people_shop.decide_people([("ada", "bob", Decision.UNDO)])
    assert (consents("ada"), consents("bob")) == ("granted", "denied")
    after = tables_of(people_shop)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"people_edits"}
    assert ADA_BOB in proposed(people_shop)


def test_who_was_refused_is_not_proposed_again_until_that_is_taken_back(people_shop: Project) -> None:
    before = tables_of(people_shop)
    refused = [("ada", "bob", Decision.APART)]
    assert people_shop.decide_people(refused)["kept apart"] == 1
    assert people_shop.decide_people(refused)["as they were"] == 1
    assert proposed(people_shop) == [TWINS]
    people_shop.rebuild()
    assert proposed(people_shop) == [TWINS]
    assert people_shop.decide_people([("bob", "ada", Decision.UNDO)])["taken back"] == 1
    assert ADA_BOB in proposed(people_shop)
    after = tables_of(people_shop)
    assert {name for name in after if after[name] != before.get(name)} <= {"people_edits"}


def test_a_refused_pair_is_merged_if_somebody_thinks_better_of_it(people_shop: Project) -> None:
    people_shop.decide_people([("ada", "bob", Decision.APART)])
    people_shop.decide_people([("ada", "bob", Decision.MERGE)])
    assert people_shop.person("ada").person_id == people_shop.person("bob").person_id
    with pytest.raises(UsageError, match="one person"):
        people_shop.decide_people([("ada", "bob", Decision.APART)])


def test_nothing_is_decided_if_somebody_is_unknown(people_shop: Project) -> None:
    before = tables_of(people_shop)
    with pytest.raises(UnknownNameError):
        people_shop.decide_people([("ada", "bob", Decision.MERGE), ("ada", "nobody", Decision.APART)])
    assert tables_of(people_shop) == before


def test_a_review_list_is_written_decided_and_read_back(
    people_shop: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = tmp_path / "review.csv"
    call = ["duplicates", "--project", str(people_shop.folder.path)]
    assert run_command([*call, "--review", str(review)]) == 0
    assert "1 of 2 are above 0.90 and no family" in capsys.readouterr().out
    with review.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["why"].startswith("family?") for row in rows} == {True, False}
    for row in rows:
        row["decision"] = "0" if row["why"].startswith("family?") else "1"
    with review.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert run_command([*call, "--decide", str(review), "--reason", "by hand", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "merged,kept apart,taken back,as they were\n1,1,0,0\n"
    assert people_shop.proposals().proposals == ()
    assert run_command([*call, "--decide", str(review), "--format", "csv"]) == 0
    assert capsys.readouterr().out.endswith("0,0,0,2\n")


def test_a_decision_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "decided.csv"
    file.write_text("left,right,decision\na,b,yes\n", encoding="utf-8")
    with pytest.raises(InputError, match='got "yes"'):
        read_decisions(file)


def test_a_project_without_traits_that_tell_is_told_what_to_declare(shop: Project) -> None:
    with pytest.raises(UsageError, match=r"no (trait|column) says"):
        shop.proposals()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{threshold: 2}", "a probability above 0"),
        ("{traits: {name: x}}", "one of given, surname"),
        ("{families_apart: perhaps}", "true or false"),
        ("{treshold: 0.5}", "threshold"),
    ],
)
def test_settings_that_cannot_be_are_refused(shop: Project, line: str, said: str) -> None:
    shop.folder.settings.write_text(f"name: shop\nduplicates: {line}\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match=said):
        shop.proposals()
