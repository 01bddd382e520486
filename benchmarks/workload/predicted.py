"""A model put in force by hand: the document of a prediction, whose study is of a few people that nobody asks about."""

import numpy as np

from kohort.clock import DAY
from kohort.learning.features.table import FeatureTable
from kohort.learning.models.plain import PlainModel
from kohort.learning.prediction.contest import Plan
from kohort.learning.prediction.examples import Examples
from kohort.learning.prediction.study import train
from kohort.pipeline.learning.prediction_documents import PredictionDocument
from kohort.pipeline.learning.signed import signed_content
from kohort.pipeline.workspace import Workspace
from workload.tables import EVENT, NOW


def kept_model(workspace: Workspace, plain: PlainModel) -> str:
    """Keep a model as a prediction's, and return the name of its file."""
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 1))
    table = FeatureTable(tuple(map(str, range(300))), ("one",), values)
    reached = values[:, 0] + random.logistic(size=300) > 0
    study = train(Examples(table, reached, np.arange(300)), Plan(("logistic",))).study
    found = PredictionDocument("churn", NOW, "lapse", EVENT, 60 * DAY, (), study, (), (), 0, ())
    return workspace.keep_file("models", signed_content(workspace, found, plain), ".json")
