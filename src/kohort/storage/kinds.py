"""What kinds of tables there are: which stand in parts, tell of people, are large, and which is written after which."""

from typing import Final

from kohort.storage.indexed import Columns

PARTITIONS: Final = {"events": ["name"]}
"""By which columns a table stands in parts."""

WHOSE: Final = "actor_id"
"""Tables of people are amended actor by actor."""
PEOPLE: Final[dict[str, tuple[Columns, ...]]] = {
    "merges": ((WHOSE,),),
    "actors": ((WHOSE,), ("person_id",)),
    "links": ((WHOSE,), ("linked_actor_id",)),
    "identifiers": ((WHOSE,), ("kind", "value")),
}
"""Tables of which a step changes a few rows, and by what these are looked up."""

ORDER: Final = (
    "tracking_plans", "settings", "people_edits", "segment_versions", "applications", "models", "cluster_studies",
    "score_runs", "model_runs", "model_promotions", "model_drift",
    "importance_studies", "value_studies", "persona_notes", "runs",
    "events", "trait_values", "consent_choices", "dead_letters", "quality_findings", "quality_loads", "names",
    "merges", "actors", "links", "identifiers",
    "membership_log", "segment_sizes", "epochs", "membership_updates", "memberships",
)  # fmt: skip
"""In which order tables are written that wait: what says how far others may be read comes after them."""
LARGE: Final = frozenset(
    {
        "events", "trait_values", "consent_choices",
        "membership_log", "memberships", "segment_sizes", "membership_updates",
    }
)  # fmt: skip
"""Tables that nobody keeps in memory as a whole."""
