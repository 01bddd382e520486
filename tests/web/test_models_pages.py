"""Models in the studio, the API and the client: how good they are, drift, and putting one in force by a plan."""

import asyncio
import csv
import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from api_desk import answering, problem
from studio_desk import EVERY_RIGHT, Studio, plain, studio

from kohort.cli.main import run_command
from kohort.client import Client, ConflictError, NotAllowedError
from kohort.clock import DAY
from kohort.definitions.collecting import CollectLimits
from kohort.learning.importance.results import Fault, LeftOut
from kohort.learning.prediction.thresholds import BandRow
from kohort.learning.wording import percent
from kohort.project import Project
from kohort.reports.predictions_data import PredictionShown
from kohort.reports.validation_predictions import prediction_checks
from kohort.stats.intervals import Interval, wilson_interval
from kohort.storage.committing import GroupCommit
from kohort.storage.journal import Journal
from kohort.testing.clock import SettableClock
from kohort.web.collector import Collector
from kohort.web.measurements import EngineMeasurements, mount_metrics
from prediction_shop import HOSTILE, prediction_shop, with_proposal
from small_shop import NOW

PAGE = "/models/lapse"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_proposal(tmp_path_factory.mktemp("models"))


@pytest.fixture
def shop(made: Project, tmp_path: Path) -> Project:
    """Return a copy, which a test may change."""
    shutil.copytree(made.folder.path, tmp_path / "copy")
    return Project(tmp_path / "copy", clock=SettableClock(NOW))


@pytest.fixture(scope="module")
def open_studio(made: Project) -> Iterator[Studio]:
    with studio(made) as found:
        yield found


@pytest.fixture(scope="module")
def client(made: Project) -> Iterator[Client]:
    with answering(made, "segments:read") as counter, Client(counter.url, counter.key) as found:
        yield found


def states(project: Project) -> list[str]:
    return [one.state.value for one in project.models("lapse")]


def test_the_api_lists_runs_and_how_scores_stand(client: Client, made: Project) -> None:
    found = client.list_models()
    assert [(one.score, one.standing, one.live, one.candidate) for one in found.scores] == [
        ("lapse", "retraining proposed", 1, 2)
    ]
    assert found.scores[0].drifted == made.model_alerts()[0].drifted
    assert [(one.number, one.state, one.cause, one.people) for one in found.models] == [
        (1, "live", "run", 260),
        (2, "candidate", "drift", 260),
    ]
    assert client.list_models("lapse") == found


def test_the_api_tells_a_model_with_its_curves_and_intervals(client: Client, made: Project) -> None:
    found, kept = client.get_model("lapse"), made.model("lapse")
    document = made.model_document(kept)
    assert document is not None
    assert kept.entry is not None
    assert (found.number, found.state, found.seed, found.digest) == (1, "live", 0, kept.entry.digest)
    assert found.parameters["event"] == "order_completed"
    assert found.card is not None
    assert found.card.fr == kept.entry.card.text("fr")
    study, told = document.study, found.prediction
    assert told is not None
    assert [(one.chance, one.observed.estimate, one.observed.low) for one in told.calibration_curve] == [
        (one.chance, one.observed.estimate, one.observed.low) for one in study.curve
    ]
    assert [one.lift.high for one in told.lift_curve] == [one.lift.high for one in study.lift]
    assert [one.group for one in told.contributions] == [("recency_days",), ("orders",), (HOSTILE,)]
    assert told.contributions[0].brought.low is not None
    assert told.contributions[0].brought.low > 0
    assert (told.rule.name, told.rule.is_beaten) == ("recency_days", study.rule.is_beaten)
    assert told.threshold == study.threshold
    assert told.cost is not None
    assert told.cost.everybody == study.cost.everybody if study.cost else pytest.fail("costs are declared")
    assert any("beat" in one.en for one in told.words)
    candidate = client.get_model("lapse", 2)
    assert candidate.why is not None
    assert "no longer" in candidate.why.en


def test_the_api_looks_for_drift_and_judges_months_that_are_over(client: Client, made: Project) -> None:
    found, [kept] = client.get_drift("lapse"), made.drift_looks("lapse")
    assert (found.model, found.month, found.proposes, found.found) == (1, "2026-02", True, kept.found)
    assert {one.feature for one in found.features if one.found} == set(kept.found)
    assert [one.month for one in found.judged_months] == ["2025-10", "2025-11"]
    areas = [one.found.auc for one in found.judged_months]
    assert all(one is not None and one.low is not None and one.low > 0.5 for one in areas)
    assert {one.measure for one in found.losses} == {"calibration", "auc"}


def test_what_is_not_there_is_refused_with_its_place(made: Project) -> None:
    with answering(made, "segments:read") as counter:
        assert problem(counter.get("/api/v1/models/none")) == (404, "unknown_model", "path.score")
        assert problem(counter.get("/api/v1/models?score=none")) == (422, "unknown_model", "query.score")
        assert problem(counter.get("/api/v1/models/lapse?number=9")) == (422, "invalid_request", "query.number")
        assert problem(counter.get("/api/v1/models/none/drift")) == (404, "unknown_score", "path.score")
        early = counter.get("/api/v1/models/lapse/drift?at=2025-10-28")
        assert problem(early) == (409, "nothing_to_compare", None)
        answer = counter.get("/api/v1/models/lapse")
        assert counter.get("/api/v1/models/lapse", **{"if-none-match": answer.headers["etag"]}).status_code == 304


@pytest.mark.slow
def test_a_model_is_planned_promoted_and_taken_back_by_the_api(shop: Project) -> None:
    with answering(shop, "segments:read", "segments:write") as counter, Client(counter.url, counter.key) as client:
        both = {"promotion": {"score": "lapse"}, "rollback": {}}
        assert problem(counter.post("/api/v1/plans", both)) == (422, "invalid_request", "body.instead")
        wrong = {"promotion": {"score": "none"}}
        assert problem(counter.post("/api/v1/plans", wrong)) == (422, "unknown_score", "body.promotion.score")
        live = {"promotion": {"score": "lapse", "number": 1}}
        assert problem(counter.post("/api/v1/plans", live)) == (422, "invalid_request", "body.promotion")
        plan = client.make_plan(promotion={"score": "lapse"})
        assert plan.model is not None
        assert (plan.model.run, plan.model.before, plan.model.trait) == (2, 1, "lapse_band")
        assert plan.model.scored == 260
        [change] = plan.changes
        assert (change.segment, change.through) == ("leaving", ("model lapse 2",))
        assert change.size_after - change.size_before == change.entering - change.leaving
        before = len(shop.members("leaving"))
        assert before == change.size_before
        assert client.apply_plan(plan).changed
        assert states(shop) == ["retired", "live"]
        assert len(shop.members("leaving")) == change.size_after
        with pytest.raises(ConflictError):
            client.apply_plan(plan)
        back = client.make_plan(promotion={"score": "lapse", "rollback": True})
        assert back.model is not None
        assert (back.model.run, back.model.before) == (1, 2)
        assert client.apply_plan(back).changed
        assert states(shop) == ["live", "retired"]
        assert len(shop.members("leaving")) == before
    last = shop.audit.list(2)
    assert [(one.door, one.action, one.object, one.detail) for one in last] == [
        ("api", "model taken back to", "lapse 1", "lapse 2"),
        ("api", "model promoted", "lapse 2", "lapse 1"),
    ]


def test_who_only_reads_segments_changes_no_model(client: Client, made: Project) -> None:
    with pytest.raises(NotAllowedError):
        client.make_plan(promotion={"score": "lapse"})
    with studio(made, "segments:read") as found:
        plan = found.get("/changes?score=lapse&number=2")
        assert "To apply it needs the right" in plan.text
        assert "<button" not in plan.text.partition('action="/changes"')[2].partition("</form>")[0]
        token = re.findall(r'name="token" value="([^"]+)"', plan.text)
        form = {"csrf": EVERY_RIGHT.csrf, "token": token[0] if token else "x"}
        assert found.send("/changes", form).status_code == 403
    assert states(made) == ["live", "candidate"]


def test_the_list_says_what_is_in_force_and_what_is_proposed(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/models", one).text) for one in ("en", "fr"))
    assert "lapse prediction retraining proposed 1" in english
    assert "days since the last order , Chance to stop" in english
    assert "lapse prédiction réentraînement proposé 1" in french
    [row] = csv.DictReader(open_studio.get("/models.csv").text.splitlines())
    assert (row["standing"], row["live"], row["candidate"]) == ("retraining proposed", "1", "2")
    assert open_studio.get("/models.json").json()["scores"][0]["drifted"] == ["recency_days", "lapse"]
    assert 'href="/models"' in open_studio.get("/discover").text, "the way there"


def test_a_model_has_charts_with_tables_and_its_verdict_in_both_languages(open_studio: Studio) -> None:
    page = open_studio.get(PAGE)
    assert page.text.count("<svg") == page.text.count("<figure") == page.text.count("<details><summary>") == 5
    english, french = plain(page.text), plain(open_studio.get(PAGE, "fr").text)
    assert "does not beat" in english
    assert "Are chances kept?" in english
    assert "Who comes first" in english
    assert "What goes with a score need not bring it about" in english
    assert "In 2026-02 people were no longer as in 2025-07 … 2025-09" in english
    assert "Model 2 waits to be promoted." in english
    assert "What errors cost a person" in english
    assert "Not to be used for Decisions with legal" in english
    assert "Les probabilités sont-elles tenues" in french
    assert "En 2026-02, les personnes n’étaient plus comme en 2025-07 … 2025-09" in french
    assert "À ne pas utiliser pour Toute décision" in french
    assert "'" not in french.replace("('", ""), "French has its own apostrophe"
    data = open_studio.get(f"{PAGE}.json").json()
    assert [one["month"] for one in data["looks"]] == ["2026-02"]
    assert data["model"]["prediction"]["rule"]["name"] == "recency_days"
    rows = list(csv.DictReader(open_studio.get(f"{PAGE}.csv").text.splitlines()))
    assert [(row["number"], row["state"]) for row in rows] == [("1", "live"), ("2", "candidate")]
    assert "was trained" not in plain(open_studio.get(f"{PAGE}?number=2").text).partition("Kind")[0]
    assert open_studio.get("/models/none").status_code == 404
    assert open_studio.get(f"{PAGE}?number=9").status_code == 422


def test_what_sources_named_is_text(open_studio: Studio) -> None:
    for path in (PAGE, f"{PAGE}?number=2", "/models"):
        page = open_studio.get(path).text
        assert HOSTILE not in page
        assert "<script>alert" not in page
    assert html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;") in open_studio.get(PAGE).text.replace(
        "&#34;", "&quot;"
    )


@pytest.mark.slow
def test_a_model_is_promoted_and_taken_back_by_forms_that_show_a_plan_first(shop: Project) -> None:
    with studio(shop) as found:
        page = found.get(PAGE).text
        assert "/changes?score=lapse&amp;number=2" in page
        plan = found.get("/changes?score=lapse&number=2")
        words = plain(plan.text)
        assert "Putting another model in force" in words
        assert "People scored 260" in words
        assert "Leaving changes by the model" in words
        [token] = re.findall(r'name="token" value="([^"]+)"', plan.text)
        assert found.send("/changes", {"token": token}).status_code == 403, "a form of another page"
        assert states(shop) == ["live", "candidate"]
        done = found.send("/changes", {"csrf": EVERY_RIGHT.csrf, "token": token})
        assert (done.status_code, done.headers["location"]) == (303, "/models/lapse?applied=true")
        assert states(shop) == ["retired", "live"]
        after = found.get(done.headers["location"])
        assert "It is in force now." in after.text
        assert "/changes?score=lapse&amp;number=1&amp;back=true" in after.text
        again = found.send("/changes", {"csrf": EVERY_RIGHT.csrf, "token": token})
        assert again.status_code == 409, "what the plan was made of has changed"
        back = found.get("/changes?score=lapse&number=1&back=true", "fr")
        assert "Retour à ce qui était en vigueur avant." in back.text
        [token] = re.findall(r'name="token" value="([^"]+)"', back.text)
        assert found.send("/changes", {"csrf": EVERY_RIGHT.csrf, "token": token}).status_code == 303
        assert states(shop) == ["live", "retired"]
    assert [(one.actor, one.door, one.action) for one in shop.audit.list(2)] == [
        ("Ada", "studio", "model taken back to"),
        ("Ada", "studio", "model promoted"),
    ]


def test_what_was_checked_of_predictions_stands_beside_the_clusters(open_studio: Studio, made: Project) -> None:
    data = open_studio.get("/validation.json").json()
    [told] = data["predictions"]
    held = {one["key"]: one["held"] for one in told["checks"]}
    [shown] = made.predictions_shown()
    assert held == {
        "prediction-bands-lapse": "yes" if all(one.is_kept for one in shown.study.bands) else "no",
        "prediction-rule-lapse": "no",
        "prediction-leaks-lapse": "yes",
        "prediction-drift-lapse": "no",
    }
    english, french = (plain(open_studio.get("/validation", one).text) for one in ("en", "fr"))
    assert "lapse: does it beat the obvious rule? it does not hold" in english
    assert "Take the rule." in english
    assert "lapse : les personnes sont-elles encore telles qu’il les connaît ?" in french
    keys = {row["check"] for row in csv.DictReader(open_studio.get("/validation.csv").text.splitlines())}
    assert keys == held.keys()


def test_a_report_shows_predictions_with_their_checks(made: Project, tmp_path: Path) -> None:
    page = made.report(tmp_path / "report.html").read_text()
    section = page.partition('<section id="predictions"')[2].partition("</section>")[0]
    assert section.count("<svg") == 3
    assert "lapse: do as many do it as were told to?" in plain(section)
    assert "What was checked of lapse" in section
    assert HOSTILE not in section


def test_a_band_that_misses_is_told_wherever_somebody_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nearly everybody stops ordering in the stretch that judges, which nobody could know: the shop has closed."""
    shop = prediction_shop(tmp_path, until=NOW - 55 * DAY)
    list(shop.run(NOW))
    [shown] = shop.predictions_shown()
    low = shown.study.bands[0]
    assert not low.is_kept
    assert low.chance is not None
    entry = shop.model("lapse").entry
    assert entry is not None
    assert f"The band 0%–50% does not hold: {percent(low.chance, 1).en} was told" in entry.card.text("en")
    assert "La tranche 0–50\u202f% ne tient pas" in entry.card.text("fr")
    assert prediction_checks(shown)[0].held.value == "no"
    missed = f"off by more than chance (0 % to 50 %, told {percent(low.chance).en}"
    run_command(["models", "show", "lapse", "--project", str(shop.folder.path)])
    with studio(shop) as pages:
        told, checked = (plain(pages.get(page).text) for page in (PAGE, "/validation"))
    report = plain(shop.report(tmp_path / "report.html").read_text())
    assert "The band 0%–50% does not hold" in " ".join(capsys.readouterr().out.split())
    assert "The band 0%–50% does not hold" in told
    assert "lapse: do as many do it as were told to? it does not hold" in checked
    for page in (checked, report):
        assert " ".join(missed.split()) in " ".join(page.split())


def test_checks_of_predictions_can_fail_and_can_hold(made: Project) -> None:
    [shown] = made.predictions_shown()
    assert shown.drift is not None
    study, drift = shown.study, shown.drift

    def held(found: PredictionShown) -> list[str]:
        return [one.held.value for one in prediction_checks(found)]

    def banded(told: float) -> PredictionShown:
        band = BandRow(0.0, 0.5, 400, told, wilson_interval(80, 400))
        return replace(shown, study=replace(study, bands=(band, BandRow(0.5, 1.0, 0, None, None))))

    # The standard error of 20 % told to 400 people is two points.
    assert held(banded(0.2))[0] == held(banded(0.17))[0] == held(banded(0.235))[0] == "yes"
    assert held(banded(0.15))[0] == held(banded(0.25))[0] == "no"
    beaten = replace(study.rule, gained=Interval(0.05, 0.02, 0.08, 260), is_beaten=True)
    assert held(replace(shown, study=replace(study, rule=beaten)))[1] == "yes"
    assert held(replace(shown, study=replace(study, is_telling=True)))[2] == "no"
    knows = replace(shown, alarms=(LeftOut("refunded", Fault.LEAKING, 0.99),))
    assert held(knows)[2] == "no"
    assert "refunded" in prediction_checks(knows)[2].answer.fr
    assert held(replace(shown, drift=replace(drift, found=())))[3] == "yes"
    assert len(held(replace(shown, drift=None))) == 3, "nobody has looked"


def test_a_project_without_models_says_what_to_do(tmp_path: Path) -> None:
    empty = Project.create(tmp_path / "shop", clock=SettableClock(NOW))
    with studio(empty) as found:
        assert "kohort discover" in found.get("/models").text
    with answering(empty, "segments:read") as counter:
        assert counter.get("/api/v1/models").json() == {"scores": [], "models": []}


def test_measurements_say_what_has_drifted_and_that_a_candidate_waits(made: Project) -> None:
    measured = made.folder.measurements
    EngineMeasurements(measured, made.clock, made.freshness, made.untaken, made.model_alerts).publish()
    key, _ = made.keys.create_secret("prometheus", ["metrics:read"], NOW + DAY)

    async def scraped() -> str:
        with GroupCommit(Journal(made.folder.journal), made.clock) as commits:
            collector = Collector(made.keys, commits, made.clock, CollectLimits())
            mount_metrics(collector, made.keys, measured)
            transport = httpx.ASGITransport(app=collector)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
                return (await client.get("/metrics", headers={"Authorization": f"Bearer {key}"})).text

    found = asyncio.run(scraped())
    assert 'kohort_model_drifted_features{score="lapse"} 2' in found
    assert 'kohort_model_candidate_waiting{score="lapse"} 1' in found
