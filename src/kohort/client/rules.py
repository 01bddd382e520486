"""What the client asks of rules, of what they may speak of, and of changes of segments."""

from collections.abc import Mapping, Sequence

from kohort.client.answers.rules import (
    Application,
    Completions,
    Explanation,
    FrequentValues,
    Plan,
    Preview,
    Taxonomy,
)
from kohort.client.calls import Calls
from kohort.client.transport import at


class RuleCalls(Calls):
    """The part of `Client` that is about rules, and about putting them in force."""

    def preview_rule(self, where: str, moment: str | None = None, *, sample: int = 0) -> Preview:
        """Return the exact size of a rule that nobody saved, and what each of its conditions keeps."""
        return self._transport.ask("/previews", Preview, {"where": where, "at": moment, "sample": sample})

    def get_taxonomy(self) -> Taxonomy:
        """Return every event and trait that a rule can speak of."""
        return self._transport.get("/taxonomy", Taxonomy)

    def complete_rule(self, sentence: str) -> Completions:
        """Return what may follow in a sentence."""
        return self._transport.get("/completions", Completions, {"sentence": sentence})

    def property_values(self, event: str, name: str, prefix: str = "", *, most: int = 20) -> FrequentValues:
        """Return the most frequent values of a property of an event."""
        path = at("events", event, "properties", name, "values")
        return self._transport.get(path, FrequentValues, {"prefix": prefix, "limit": most})

    def trait_values(self, name: str, prefix: str = "", *, most: int = 20) -> FrequentValues:
        """Return the most frequent values of a trait."""
        return self._transport.get(at("traits", name, "values"), FrequentValues, {"prefix": prefix, "limit": most})

    def explain(self, segment: str, person: str, moment: str | None = None) -> Explanation:
        """Return why a person is in a segment or not, since when, and what would change it."""
        path = at("segments", segment, "explanation")
        return self._transport.get(path, Explanation, {"person": person, "at": moment})

    def make_plan(
        self,
        moment: str | None = None,
        *,
        instead: Mapping[str, str] | None = None,
        rollback: Mapping[str, str | int] | None = None,
        promotion: Mapping[str, str | int | bool] | None = None,
    ) -> Plan:
        """Return what applying the segment files would change: nothing is.

        `instead` looks at other sentences, by segment; `rollback` ({} or with `segment` and `version`) goes back;
        `promotion` (with `score`, and if wanted `number` and `rollback`) puts another model in force, or goes back.
        """
        asked = {"at": moment, "instead": instead or {}, "rollback": rollback, "promotion": promotion}
        return self._transport.ask("/plans", Plan, asked)

    def apply_plan(self, plan: Plan, *, despite: Sequence[str] = (), reason: str = "") -> Application:
        """Put exactly what a plan says in force; `despite` names guard rails to override, for a `reason`.

        Raises ConflictError if it is stale, or a test or guard rail stops it: then nothing is changed.
        """
        body = {"token": plan.token, "despite": despite, "reason": reason}
        return self._transport.send("POST", "/applications", Application, body)
