"""The scores of one person: each prediction's chance and band, the moment it speaks of, the model, and its drivers."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from kohort.clock import Moment
from kohort.definitions.prediction import PredictionDefinition
from kohort.errors import UsageError
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.scoring import points_of, scores
from kohort.learning.prediction.thresholds import band_of
from kohort.learning.wording import COLON, Bilingual, percent
from kohort.pipeline.identified import person_meant, who_is
from kohort.pipeline.learning.explained.drivers import COMPARED, asked_drivers, drivers_of, is_explained
from kohort.pipeline.learning.explained.found import Drivers, Method, PersonScore
from kohort.pipeline.learning.explained.kept import ScoredPeople, scored_people
from kohort.pipeline.learning.explained.opened import (
    NEWEST,
    OpenedModel,
    ScoringRun,
    model_in_force,
    predictions_of,
    run_and_model,
)
from kohort.pipeline.workspace import Workspace

_SAME: Final = 1e-6
"""Chances are written in millionths."""
_WHOM: Final = Bilingual(
    "The model was kept before models said whom they compare people with, so what goes with its scores cannot be told; "
    "train it again.",
    "Le modèle date d'avant que les modèles disent à qui ils comparent les gens, on ne peut donc pas dire ce qui va de "
    f"pair avec ses scores{COLON} entraînez-le à nouveau.",
)


def scores_of_person(
    workspace: Workspace,
    person: str,
    until: Moment | None = None,
    score: str | None = None,
    method: Method = Method.EXACT,
) -> list[PersonScore]:
    """Return what the newest run of each prediction says of a person (person id, user id or anonymous id).

    With `until`, the newest that speaks of a moment up to then; with `score` only that prediction's. Predictions that
    were not asked of the person are left out. What goes with a score is found of what the run read of the person.
    Raises UnknownNameError for nobody known, and for a prediction that nobody declared, MissingExtraError for the
    `method` SHAP without its extra.
    """
    person_id, found = person_meant(workspace, person), []
    for definition in predictions_of(workspace, score):
        one = _score_of(workspace, definition, person_id, NEWEST if until is None else until, method)
        if one is not None:
            found.append(one)
    return found


def scores_now(workspace: Workspace, person: str, at: Moment, score: str | None = None) -> list[PersonScore]:
    """Return what the model in force of each prediction says of a person, by what is known strictly before `at`.

    Nothing is written. Raises as `scores_of_person`.
    """
    # Reading a history anew loads all that learns.
    from kohort.pipeline.learning.prediction_features import read_of as features_of  # noqa: PLC0415

    actors, found = who_is(workspace, person).actors, []
    with workspace.read_once(at) as once:
        for definition in predictions_of(once, score):
            model = model_in_force(once, definition.name)
            people = None if model is None else features_of(once, definition, model.plain, actors, at)
            if model is not None and people is not None and people.person_ids:
                found.append(_now(once, definition, model, people, at))
    return found


def _now(
    workspace: Workspace, definition: PredictionDefinition, model: OpenedModel, one: FeatureTable, at: Moment
) -> PersonScore:
    values = points_of(model.plain, one)
    chances = scores(model.plain, values)
    chance, band = float(chances[0]), definition.band_names[int(band_of(chances, definition.bands)[0])]
    untold = None if is_explained(model.plain) else _WHOM
    drivers = None if untold else drivers_of(model, one, values, partial(_run_s_others, workspace, definition))
    return PersonScore(definition.name, chance, band, at, model.number, model.version, False, drivers, untold)


def _run_s_others(workspace: Workspace, definition: PredictionDefinition) -> FeatureTable:
    read = read_of(workspace, definition)
    if read is None:
        raise UsageError(f'no run of "{definition.name}" is known whose people could be compared with: kohort run')
    return others_of(read.people)


def _score_of(
    workspace: Workspace, definition: PredictionDefinition, person: str, until: Moment, method: Method
) -> PersonScore | None:
    read = read_of(workspace, definition, until)
    if read is None:
        return None
    place = read.people.place_of([person])
    if place is None:
        # Whoever became one person with others since was scored by an id that is one of theirs now.
        place = read.people.place_of(who_is(workspace, person).actors)
    if place is None:
        return None
    chance, band = float(read.people.chances[place]), read.people.bands[place].as_py()
    drivers, untold = _explained(read, place, chance, method)
    run, model = read.run, read.model
    return PersonScore(run.score, chance, band, run.at, model.number, model.version, True, drivers, untold)


@dataclass(frozen=True, eq=False)
class RunRead:
    """A run of a prediction, the model that made it, and what it read of people."""

    run: ScoringRun
    model: OpenedModel
    people: ScoredPeople


def read_of(workspace: Workspace, definition: PredictionDefinition, until: Moment = NEWEST) -> RunRead | None:
    """Return the newest run of a prediction that speaks of a moment up to `until`, None before the first."""
    found = run_and_model(workspace, definition.name, until)
    if found is None:
        return None
    run, model = found
    return RunRead(run, model, scored_people(workspace, definition, run, model))


def _explained(read: RunRead, place: int, chance: float, method: Method) -> tuple[Drivers | None, Bilingual | None]:
    if not is_explained(read.model.plain):
        return None, _WHOM
    one = read.people.table([place])
    values = points_of(read.model.plain, one)
    (now,) = scores(read.model.plain, values).tolist()
    if abs(now - chance) > _SAME:
        return None, _no_longer(now)
    if method in {Method.SHAP, Method.LIME}:
        return asked_drivers(method, read.model, one, values, others_of(read.people)), None
    return drivers_of(read.model, one, values, partial(others_of, read.people)), None


def others_of(people: ScoredPeople) -> FeatureTable:
    """Return some people of a run whom a person is compared with where contributions are sampled: evenly by id."""
    rows = np.linspace(0, len(people) - 1, min(COMPARED, len(people))).astype(np.int64)
    return people.table(np.unique(rows))


def _no_longer(now: float) -> Bilingual:
    said = percent(now, 1)
    return Bilingual(
        "What was known when this was scored is no longer known as of then: history has come late, or changed. By what "
        f"is known of that moment today, the model would say {said.en}. The next run scores anew.",
        "Ce qu'on savait au moment de ce score n'est plus ce qu'on sait de ce moment-là"
        f"{COLON} l'historique est arrivé en retard, ou a changé. D'après ce qu'on en sait aujourd'hui, le modèle "
        f"dirait {said.fr}. La prochaine exécution calcule un nouveau score.",
    )
