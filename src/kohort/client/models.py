"""What the client asks of models."""

from kohort.client.answers.models import Drift, Model, Models
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
