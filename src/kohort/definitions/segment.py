"""What a file in `segments/` declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kohort.definitions.expectation import Expectation, expectations_of
from kohort.definitions.fields import Fields
from kohort.definitions.guards import Guards, guards_of
from kohort.errors import DefinitionError


@dataclass(frozen=True)
class SegmentDefinition:
    """One segment as people write it; `where` is the rule's sentence, still text here.

    `needs` lists events without which the segment makes no sense (a template for carts in a shop without
    carts): until one of each has been seen the segment is left out, and the run says so. `tests` must hold before a
    change is applied; `guards` are its own limits, where they are not the project's.
    """

    name: str
    where: str
    file: str
    label: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    owner: str = ""
    purpose: str = ""
    needs: tuple[str, ...] = ()
    tests: tuple[Expectation, ...] = ()
    guards: Guards = field(default_factory=Guards)

    def label_in(self, language: str) -> str:
        """Return the label in a language, else the name made readable.

        >>> SegmentDefinition("at_risk", "orders > 1", "a.yaml", label={"fr": "À risque"}).label_in("en")
        'At risk'
        """
        return self.label.get(language) or self.name.replace("_", " ").capitalize()


def segment_definitions_of(document: object, file: str) -> list[SegmentDefinition]:
    """Read the content of one file of segments: a list under `segments`.

    Raises DefinitionError with the file and field of what is wrong.

    >>> segment_definitions_of({"segments": [{"name": "buyers", "where": "orders >= 1"}]}, "a.yaml")[0].name
    'buyers'
    """
    fields = Fields(document, file)
    segments = [_segment(one, file) for one in fields.items("segments")]
    fields.refuse_unknown()
    return segments


def _segment(fields: Fields, file: str) -> SegmentDefinition:
    label = fields.inner("label")
    segment = SegmentDefinition(
        name=fields.text("name"),
        where=fields.text("where"),
        file=file,
        label={language: label.text(language) for language in label.names()} if label else {},
        description=fields.text("description", default=""),
        owner=fields.text("owner", default=""),
        purpose=fields.text("purpose", default=""),
        needs=fields.texts("needs", default=()),
        tests=tuple(test for one in fields.items("tests") for test in expectations_of(one)),
        guards=guards_of(fields.inner("guards")),
    )
    fields.refuse_unknown()
    return segment


def by_name(segments: list[SegmentDefinition]) -> dict[str, SegmentDefinition]:
    """Return segments by name; raises DefinitionError if two files declare the same one.

    >>> by_name([SegmentDefinition("vip", "revenue > 1", "a.yaml")])["vip"].file
    'a.yaml'
    """
    found: dict[str, SegmentDefinition] = {}
    for segment in segments:
        if segment.name in found:
            raise DefinitionError(
                f'segment "{segment.name}" is declared twice, in {found[segment.name].file} and in {segment.file}; '
                "rename one of them"
            )
        found[segment.name] = segment
    return found
