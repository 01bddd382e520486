"""What rules of a project can speak of, for who writes them."""

from typing import TYPE_CHECKING

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.collection.taxonomy import FrequentValue, Taxonomy
    from kohort.rules.catalog import Catalog
    from kohort.rules.complete import Completion
    from kohort.rules.languages import Language


class VocabularyFacet(Facet):
    """The part of `Project` that tells of events, traits and their values."""

    def taxonomy(self) -> "Taxonomy":
        """Return every event with its properties, and every trait, that a rule can speak of, with their counts."""
        from kohort.pipeline.collection.taxonomy import taxonomy

        return taxonomy(self._workspace())

    def event_names(self) -> list[str]:
        """Return the names of all events that data have shown or that are declared."""
        return sorted(self._workspace().catalog({}).events)

    def catalog(self, language: "Language") -> "Catalog":
        """Return the names and types that a rule written in a language can have, as reading and checking need them."""
        from kohort.pipeline.segments.preview import catalog_in

        return catalog_in(self._workspace(), language)

    def completions(self, sentence: str) -> "list[Completion]":
        """Return what may follow in a sentence that somebody is writing: words first, then names."""
        from kohort.rules.complete import completions

        return completions(sentence, self._workspace().catalog())

    def property_values(self, event: str, name: str, prefix: str = "", most: int = 20) -> "list[FrequentValue]":
        """Return the most frequent values of an event's property that begin with `prefix`, whatever the case.

        Raises UnknownNameError for an event or a property that nobody knows, UsageError for numbers and moments.
        """
        from kohort.pipeline.collection.taxonomy import property_values

        return property_values(self._workspace(), event, name, prefix, most)

    def trait_values(self, name: str, prefix: str = "", most: int = 20) -> "list[FrequentValue]":
        """Return the most frequent values of a trait, as `property_values` does."""
        from kohort.pipeline.collection.taxonomy import trait_values

        return trait_values(self._workspace(), name, prefix, most)
