"""Personas as rows of a listing."""

from collections.abc import Sequence
from typing import Final

from kohort.reports.data import PersonaCard

PERSONA_COLUMNS: Final = ("persona", "en français", "size", "share", "stability", "summary")


def persona_rows(personas: Sequence[PersonaCard]) -> list[dict[str, object]]:
    """Return one row a persona, columns as `PERSONA_COLUMNS`."""
    return [
        {
            "persona": one.name.en,
            "en français": one.name.fr,
            "size": one.people,
            "share": one.share_of_people,
            "stability": one.stability.estimate,
            "summary": " ".join(sentence.en for sentence in one.sentences),
        }
        for one in personas
    ]
