"""Events as they come: the tracking plan beside them, and what would become of one."""

from typing import TYPE_CHECKING

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.collection.tracking_health import TrackingHealth
    from kohort.pipeline.collection.trying import TriedEvent


class EventsFacet(Facet):
    """The part of `Project` that tells of events before and beside the tables."""

    def tracking_health(self) -> "TrackingHealth":
        """Return the tracking plan beside what has come: how often, of which types, and what was rejected."""
        from kohort.pipeline.collection.tracking_health import tracking_health

        return tracking_health(self._workspace())

    def try_event(self, text: str, source: str = "test") -> "TriedEvent":
        """Return what would become of an event, a JSON text, if a source sent it now; nothing is written.

        Raises DefinitionError for a wrong `tracking.yaml`.
        """
        from kohort.pipeline.collection.trying import try_event

        return try_event(self._workspace(), text, source)

    def send_event(self, text: str, source: str = "test") -> "TriedEvent":
        """Put an event into the journal as the collector does, unless it is rejected or withheld; return its fate.

        The tables follow as soon as the engine, or the next command that writes, has read it. Raises StorageError.
        """
        from kohort.pipeline.collection.trying import send_event

        return send_event(self._workspace(), text, source)
