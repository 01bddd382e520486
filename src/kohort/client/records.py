"""What the client asks of what came in and of what was made of it, and of keys."""

from pathlib import Path
from typing import Literal

from kohort.client.answers.clusters import Clusters
from kohort.client.answers.discovery import Personas
from kohort.client.answers.importance import Goals, Importance
from kohort.client.answers.over_time import ClusterForetelling, ClusterPeriods
from kohort.client.answers.records import (
    DeadLetter,
    DeadLetters,
    Ingested,
    Key,
    Keys,
    NewKey,
    Quality,
    QualityFinding,
    Run,
    Runs,
    Scores,
    SourceQualities,
    Sources,
)
from kohort.client.answers.value import Value
from kohort.client.calls import Calls
from kohort.client.paging import Paged
from kohort.client.transport import at


class RecordCalls(Calls):
    """The part of `Client` that is about sources, runs, scores, clusters, goals and keys."""

    def list_sources(self) -> Sources:
        """Return where data come from, and what they brought."""
        return self._transport.get("/sources", Sources)

    def list_dead_letters(self, source: str | None = None, *, page: int = 100) -> Paged[DeadLetters, DeadLetter]:
        """Return what was refused, of a source or of all, the newest first, `page` at a time."""
        asked = {"source": source, "limit": page}
        return self._paged("/dead-letters", DeadLetters, asked, lambda found: found.dead_letters)

    def send_file(self, source: str, path: str | Path, *, despite_gates: bool = False) -> Ingested:
        """Send a file of a source, CSV, JSON lines or Parquet; the same content again changes nothing.

        What a gate of the source would stop is taken in only `despite_gates`.
        """
        with Path(path).open("rb") as file:
            parameters = {"despite_gates": "true"} if despite_gates else None
            return self._transport.upload(at("sources", source, "files"), Ingested, file, parameters)

    def list_runs(self, *, page: int = 100) -> Paged[Runs, Run]:
        """Return what runs have done, the newest first, `page` at a time."""
        return self._paged("/runs", Runs, {"limit": page}, lambda found: found.runs)

    def list_findings(self, *, page: int = 100) -> Paged[Quality, QualityFinding]:
        """Return what quality checks found, the gravest first, `page` at a time."""
        return self._paged("/quality", Quality, {"limit": page}, lambda found: found.findings)

    def list_source_qualities(self) -> SourceQualities:
        """Return how good each source is, load by load, and what rests on it."""
        return self._transport.get("/quality/sources", SourceQualities)

    def list_scores(self) -> Scores:
        """Return every score, and how its values are spread."""
        return self._transport.get("/scores", Scores)

    def get_clusters(self, score: str | None = None) -> Clusters:
        """Return what the newest search for clusters found."""
        return self._transport.get("/clusters", Clusters, {"score": score})

    def get_cluster_periods(self, score: str | None = None) -> ClusterPeriods:
        """Return whether the clusters hold month by month."""
        return self._transport.get("/clusters/periods", ClusterPeriods, {"score": score})

    def get_cluster_foretelling(self, score: str | None = None) -> ClusterForetelling:
        """Return what the clusters foretell of what people do later."""
        return self._transport.get("/clusters/foretelling", ClusterForetelling, {"score": score})

    def get_personas(self, score: str | None = None) -> Personas:
        """Return the personas that the clusters are."""
        return self._transport.get("/personas", Personas, {"score": score})

    def list_goals(self) -> Goals:
        """Return the goals for which it can be asked what matters, and when each was studied last."""
        return self._transport.get("/importance", Goals)

    def get_importance(self, goal: str) -> Importance:
        """Return which variables matter for a goal: an event of the outcome, or `revenue`."""
        return self._transport.get(at("importance", goal), Importance)

    def get_value(self, score: str) -> Value:
        """Return what people will be worth by a score of the kind `clv`, and how that was found."""
        return self._transport.get(at("value", score), Value)

    def list_keys(self, *, page: int = 100) -> Paged[Keys, Key]:
        """Return every key, without what it is in plain, the newest first, `page` at a time."""
        return self._paged("/keys", Keys, {"limit": page}, lambda found: found.keys)

    def create_key(self, kind: Literal["write", "secret"], name: str, **fields: object) -> NewKey:
        """Make a key, which is told in this answer and nowhere else.

        `fields` are `scopes` of a secret key, `origins` and `rate` of a write key, and `expires_at`. A request that is
        lost is not sent again: look whether the key was made.
        """
        return self._transport.send_once("/keys", NewKey, {"kind": kind, "name": name, **fields})

    def revoke_key(self, key_id: str) -> Key:
        """End a key for ever."""
        return self._transport.send("DELETE", at("keys", key_id), Key)
