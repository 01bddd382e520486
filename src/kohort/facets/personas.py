"""The catalogue of personas: what was found of each, and what people added."""

from typing import TYPE_CHECKING

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.learning.personas import CataloguedPersona, PersonaGeneration


class PersonasFacet(Facet):
    """The part of `Project` that tells of personas, whatever became of them."""

    def personas(self) -> "tuple[CataloguedPersona, ...]":
        """Return every persona with what people added to it: those of today, those that are gone, and unknown ones."""
        from kohort.pipeline.learning.personas import persona_catalogue

        return persona_catalogue(self._workspace())

    def persona(self, identity: str) -> "CataloguedPersona":
        """Return a persona by its lasting id, or by its name; raises UnknownNameError."""
        from kohort.pipeline.learning.personas import catalogued_persona

        return catalogued_persona(self._workspace(), identity)

    def persona_generations(self, score: str | None = None) -> "tuple[PersonaGeneration, ...]":
        """Return every search for clusters, the newest first, with the personas that went on, were born, or are gone.

        Raises UnknownNameError for a clusters score that is none.
        """
        from kohort.pipeline.learning.personas import persona_generations

        return persona_generations(self._workspace(), score)

    def persona_picture(self, identity: str, number: int) -> tuple[bytes, str]:
        """Return the bytes and the media type of a picture of a persona, from 0, whose file is in the project.

        Raises UnknownNameError, DefinitionError, UsageError.
        """
        from kohort.pipeline.learning.personas import persona_picture

        return persona_picture(self._workspace(), identity, number)

    def note_persona(self, identity: str, text: str, *, by: str) -> "CataloguedPersona":
        """Note something on a persona in the journal, and return the persona; raises UnknownNameError, UsageError."""
        from kohort.pipeline.learning.personas import catalogued_persona, note_persona

        with self._writing() as (workspace, catch_up):
            note_persona(workspace, identity, text, by)
            catch_up()
            return catalogued_persona(workspace, identity)
