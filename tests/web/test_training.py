"""Training models over the API, by the client and in the studio: planned, begun, followed, never put in force."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_desk import answering, problem
from studio_desk import EVERY_RIGHT, plain, studio

from kohort.client import Client, ConflictError, NotAllowedError, RefusedError
from kohort.learning.wording import Bilingual
from kohort.pipeline.learning.retraining.model_kind import Trained
from kohort.pipeline.learning.retraining.prediction_kind import PredictionKind
from kohort.pipeline.workspace import Workspace
from kohort.project import Project
from kohort.testing.clock import SettableClock
from prediction_shop import PEOPLE, ran_shop
from small_shop import NOW, lines_in, order

SCORES = """scores:
  - kind: behaviour
    name: behaviour
    event: order_completed
    value: total
  - kind: prediction
    name: lapse
    target: lapse
    event: order_completed
    within: 60 days
    cut_offs: 2
    models: [logistic]
    features: [recency_days, orders]
  - kind: prediction
    name: soon
    target: buys
    event: order_completed
    within: 30 days
    cut_offs: 2
    models: [logistic]
    features: [recency_days, orders]
"""
SAID = """  - kind: supervised
    name: said
    examples: {file: said.csv, person: who, label: says}
    models: [logistic]
"""
BOTH = ("segments:read", "segments:write")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    found = ran_shop(tmp_path, SCORES)
    (found.folder.path / "scores/scores.yaml").write_text(SCORES + SAID)
    (found.folder.path / "said.csv").write_text("who,says\np1,yes\np2,no\np3,yes\n")
    return found


@pytest.fixture
def client(shop: Project) -> Iterator[Client]:
    with answering(shop, *BOTH) as counter, Client(counter.url, counter.key) as found:
        yield found


def states(project: Project) -> list[str]:
    return [one.state.value for one in project.models("lapse")]


def test_a_model_is_planned_trained_and_waits_as_a_candidate(client: Client, shop: Project) -> None:
    plan = client.plan_training("lapse")
    assert (plan.kind, plan.live, plan.candidate, plan.lack, plan.seconds) == ("prediction", 1, None, "", None)
    assert plan.rows == 2 * PEOPLE == sum(one.rows for one in plan.cut_offs)
    assert plan.reached == sum(one.reached for one in plan.cut_offs)
    assert plan.why.en == "Model 1, which is in force, learnt from data as of 2026-03-01."
    assert plan.why.fr == "Le modèle 1, qui est en vigueur, a appris de données au 2026-03-01."
    assert client.list_trainings().trainings == ()
    begun = client.start_training(plan)
    assert (begun.score, begun.state, begun.at, begun.rows) == ("lapse", "waiting", plan.at, plan.rows)
    assert states(shop) == ["live"], "nothing has learnt yet"
    assert Project(shop.folder.path, clock=shop.clock).work_on_trainings() == 1
    done = client.get_training(begun.training_id)
    assert (done.state, done.model, done.reason, done.stage) == ("done", 2, "", "")
    assert client.list_trainings("lapse").trainings == (done,)
    assert client.list_trainings("soon").trainings == ()
    assert states(shop) == ["live", "candidate"]
    model = shop.model("lapse", 2)
    document = shop.model_document(model)
    assert document is not None
    assert document.study.rows == plan.rows
    assert [one.rows for one in plan.cut_offs] == [PEOPLE, document.study.measures.n]
    assert document.study.measures.base_rate == plan.cut_offs[-1].reached / PEOPLE
    assert model.entry is not None
    assert (model.entry.cause, model.entry.known) == ("by hand", plan.known)
    again = client.plan_training("lapse")
    assert (again.candidate, again.seconds) == (2, 1)
    assert "Model 2 waits already." in again.why.en
    assert [(one.actor, one.door, one.action, one.object, one.detail) for one in shop.audit.list(2)] == [
        ("programs", "api", "model trained", "lapse 2", "training 1"),
        ("programs", "api", "training asked", "lapse", "training 1"),
    ]


def test_what_is_no_longer_as_planned_is_not_begun(client: Client, shop: Project) -> None:
    plan = client.plan_training("lapse")
    client.start_training(plan)
    with pytest.raises(ConflictError, match="is being trained already"):
        client.start_training(plan)
    shop.work_on_trainings()
    with pytest.raises(ConflictError, match="has been trained since"):
        client.start_training(plan)
    plan = client.plan_training("lapse")
    declared = shop.folder.path / "scores/scores.yaml"
    written = declared.read_text()
    declared.write_text(written.replace("within: 60 days", "within: 30 days"))
    with pytest.raises(ConflictError, match="declared otherwise"):
        client.start_training(plan)
    declared.write_text(written)
    begun = client.start_training(plan)
    declared.write_text(written.replace("within: 60 days", "within: 30 days"))
    shop.work_on_trainings()
    found = client.get_training(begun.training_id)
    assert (found.state, found.model) == ("failed", None)
    assert found.reason == 'score "lapse" is declared otherwise than when it was planned; plan anew'


def test_what_is_not_there_is_refused_with_its_place(shop: Project) -> None:
    with answering(shop, *BOTH) as counter:
        path = "/api/v1/models/lapse"
        assert problem(counter.post("/api/v1/models/none/plans", {})) == (404, "unknown_score", "path.score")
        assert problem(counter.post(f"{path}/plans", {"at": "soon"})) == (422, "invalid_moment", "body.at")
        assert problem(counter.post(f"{path}/trainings", {"token": "x"})) == (422, "invalid_token", "body.token")
        token = counter.post(f"{path}/plans", {}).json()["token"]
        other = counter.post("/api/v1/models/soon/trainings", {"token": token})
        assert problem(other) == (422, "invalid_token", "body.token")
        assert problem(counter.get("/api/v1/trainings/9")) == (404, "unknown_training", "path.training_id")
    with answering(shop, "segments:read") as counter, Client(counter.url, counter.key) as reader:
        assert reader.list_trainings().trainings == ()
        with pytest.raises(NotAllowedError):
            reader.plan_training("lapse")
        assert counter.post(f"{path}/trainings", {"token": token}).status_code == 403
    assert shop.trainings.list() == ()


def test_too_little_to_learn_from_is_told_by_the_plan_or_by_the_training(client: Client, shop: Project) -> None:
    plan = client.plan_training("soon", "2024-05-01")
    assert plan.lack.startswith("too little of the past to learn from")
    assert plan.token is None
    with pytest.raises(RefusedError):
        client.start_training(plan)
    plan = client.plan_training("said")
    assert (plan.rows, plan.reached, plan.live, plan.lack) == (3, 2, None, "")
    assert plan.why.en == "No model of this score is in force."
    begun = client.start_training(plan)
    shop.work_on_trainings()
    found = client.get_training(begun.training_id)
    assert found.state == "failed"
    assert found.reason.startswith('score "said": too few examples to learn from')
    assert [one.action for one in shop.audit.list(1)] == ["training failed"]
    with studio(shop) as pages:
        french = plain(pages.get("/models/said/trainings", "fr").text)
    assert "trop peu d’exemples pour apprendre" in french


def test_while_a_model_learns_others_read_write_and_ask(
    client: Client, shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learns, may_end = threading.Event(), threading.Event()
    train = PredictionKind.train

    def held(
        kind: PredictionKind,
        workspace: Workspace,
        at: int,
        cause: str,
        why: Bilingual | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Trained:
        assert progress is not None
        progress(1, 4)
        learns.set()
        assert may_end.wait(30)
        return train(kind, workspace, at, cause, why, progress)

    begun = client.start_training(client.plan_training("lapse"))
    monkeypatch.setattr(PredictionKind, "train", held)
    worker = Project(shop.folder.path, clock=SettableClock(NOW), patience=30)
    thread = threading.Thread(target=worker.work_on_trainings)
    thread.start()
    try:
        assert learns.wait(30)
        found = client.get_training(begun.training_id)
        assert (found.state, found.stage, found.done, found.whole) == ("running", "learning", 1, 4)
        assert shop.ingest(lines_in(tmp_path)("more.jsonl", [order("new", 999_999)])).accepted == 1
        with pytest.raises(ConflictError, match="already"):
            client.start_training(client.plan_training("lapse"))
        waits = client.start_training(client.plan_training("soon"))
        assert client.get_training(waits.training_id).state == "waiting"
        with studio(shop) as pages:
            part = pages.get("/models/lapse/trainings", **{"x-fragment": "1"}).text
        assert 'data-again="2"' in part
        assert '<progress aria-labelledby="stage-1" value="1" max="4">' in part
        assert "It learns. 1 of 4 steps" in plain(part)
    finally:
        may_end.set()
        thread.join()
    assert [one.state for one in client.list_trainings().trainings] == ["done", "done"]
    assert states(shop) == ["live", "candidate"]


def test_the_studio_shows_what_would_be_learnt_and_begins_exactly_that(shop: Project) -> None:
    with studio(shop) as pages:
        assert 'href="/models/lapse/training"' in pages.get("/models/lapse").text
        assert 'href="/models/said/training"' in pages.get("/models").text, "declared, and without a model"
        page = pages.get("/models/lapse/training")
        english, french = plain(page.text), plain(pages.get("/models/lapse/training", "fr").text)
        assert "Examples at most 520" in english
        assert english.count("to judge") == english.count("to learn") == 1
        assert "Exemples au plus 520" in french
        assert "Rien n’a encore commencé." in french
        token = page.text.partition('name="token" value="')[2].partition('"')[0]
        assert pages.send("/models/lapse/training", {"token": token}).status_code == 403, "a form of another page"
        done = pages.send("/models/lapse/training", {"csrf": EVERY_RIGHT.csrf, "token": token})
        assert (done.status_code, done.headers["location"]) == (303, "/models/lapse/training")
        again = pages.send("/models/lapse/training", {"csrf": EVERY_RIGHT.csrf, "token": token})
        assert again.status_code == 409
        waiting = pages.get("/models/lapse/training")
        assert "<button" not in waiting.text, "one at a time"
        assert "waits for its turn" in plain(pages.get("/models/lapse/trainings").text)
        shop.work_on_trainings()
        part = pages.get("/models/lapse/trainings", "fr")
        assert 'href="/models/lapse?number=2"' in part.text
        assert "data-again" not in part.text
        data = pages.get("/models/lapse/training.json").json()
        assert (data["plan"]["candidate"], data["trainings"][0]["model"]) == (2, 2)
        assert pages.get("/models/lapse/trainings.csv").text.startswith("training_id,score,state")
        assert pages.get("/models/none/training").status_code == 404
    assert [(one.actor, one.door, one.action) for one in shop.audit.list(2)] == [
        ("Ada", "studio", "model trained"),
        ("Ada", "studio", "training asked"),
    ]


def test_who_only_reads_segments_sees_the_plan_and_begins_nothing(shop: Project) -> None:
    with studio(shop, "segments:read") as pages:
        page = pages.get("/models/lapse/training")
        assert "To train needs the right" in page.text
        assert "<button" not in page.text
        form = {"csrf": EVERY_RIGHT.csrf, "token": "x"}
        assert pages.send("/models/lapse/training", form).status_code == 403
