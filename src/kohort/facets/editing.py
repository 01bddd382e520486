"""Changing what the segment files declare; `plan` and `apply` put it in force."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.pipeline.editing import DeclaredSegment, Edit
    from kohort.rules.languages import Language


class EditingFacet(Facet):
    """The part of `Project` that changes definitions. Nothing is in force before it is applied."""

    def declared_segment(self, name: str) -> "DeclaredSegment":
        """Return how a segment is declared in segments/; raises UnknownNameError if it is not."""
        from kohort.pipeline.editing import declared_segment

        return declared_segment(self._workspace(), name)

    def write_segment(self, fields: Mapping[str, Any], *, tag: str | None = None, file: str | None = None) -> "Edit":
        """Declare a segment by its fields, as segment files have them, or change how it is declared.

        Comments and all else in the file stay. `tag` is that of `declared_segment` when it was looked at, None for a
        segment that is new, "*" whatever it was. A new one goes to segments/studio.yaml, or to the `file` of that name.

        Raises ChangedSinceError if it was changed since, RuleError for a wrong rule, UsageError for what else is wrong:
        then nothing is written.
        """
        from kohort.pipeline.editing import write_segment

        return write_segment(self._workspace(), fields, tag, file)

    def restore_segment(self, name: str, text: str, *, tag: str | None = None, file: str | None = None) -> "Edit":
        """Declare a segment by its text, as `declared_segment` gives it: what undoes a change. As `write_segment`."""
        from kohort.pipeline.editing import document_of_text, write_segment

        return write_segment(self._workspace(), document_of_text(name, text), tag, file, text)

    def delete_segment(self, name: str, *, tag: str | None = None) -> "Edit":
        """Take a segment out of its file, with the comments right above it.

        Raises UnknownNameError if it is not declared, ChangedSinceError, CheckError if others refer to it.
        """
        from kohort.pipeline.editing import delete_segment

        return delete_segment(self._workspace(), name, tag)

    def sentence(self, rule: "str | Mapping[str, object]", language: "Language | None" = None) -> str:
        """Return a rule in canonical form in the project's language: a sentence, or its JSON document.

        A sentence is of `language`, else of the project's, or of the other one. Raises DefinitionError.
        """
        from kohort.rules.sentences import sentence_of

        return sentence_of(rule, self._workspace().language, language)
