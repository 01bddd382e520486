"""What the client asks of models."""

from kohort.client.answers.models import Drift, Model, Models
from kohort.client.answers.training import Training, TrainingList, TrainingPlan
from kohort.client.calls import Calls
from kohort.client.transport import at


class ModelCalls(Calls):
    """The part of `Client` that is about models; `make_plan` and `apply_plan` put one in force, or go back."""

    def list_models(self, score: str | None = None) -> Models:
        """Return every training run, of a score or of all, what is in force, and what waits."""
        return self._transport.get("/models", Models, {"score": score})

    def get_model(self, score: str, number: int | None = None) -> Model:
        """Return a model, the one in force unless its number is given: its card, and how good it is."""
        return self._transport.get(at("models", score), Model, {"number": number})

    def get_drift(self, score: str, moment: str | None = None) -> Drift:
        """Return whether people of the last month that has ended are still as the model in force knows them.

        Raises ConflictError where there is nothing to compare.
        """
        return self._transport.get(at("models", score, "drift"), Drift, {"at": moment})

    def plan_training(self, score: str, moment: str | None = None) -> TrainingPlan:
        """Return what training a model of a score would learn from, and why; `start_training` begins it."""
        return self._transport.ask(at("models", score, "plans"), TrainingPlan, {"at": moment})

    def start_training(self, plan: TrainingPlan) -> Training:
        """Have exactly what a plan says trained; `get_training` tells what becomes of it.

        Raises ConflictError while a model of the score is being trained, or if the score is no longer as it was;
        RefusedError for a plan without a token, from which nothing can be learnt.
        """
        return self._transport.send("POST", at("models", plan.score, "trainings"), Training, {"token": plan.token})

    def list_trainings(self, score: str | None = None) -> TrainingList:
        """Return the trainings that were asked for, of a score or of all, the newest first."""
        return self._transport.get("/trainings", TrainingList, {"score": score})

    def get_training(self, training_id: int) -> Training:
        """Return what has become of a training."""
        return self._transport.get(at("trainings", str(training_id)), Training)
