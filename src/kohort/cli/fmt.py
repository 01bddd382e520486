"""`kohort fmt`: the rules of segment files in their one canonical form, everything else as people wrote it."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from kohort.definitions.project import project_definition_of
from kohort.errors import DefinitionError, Place, RuleError, UsageError
from kohort.rules.languages import Language
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.segments.yaml_text import composed, pairs_of, scalars
from kohort.storage.folder import ProjectFolder


def format_segments(project: Path, *, check: bool) -> list[Path]:
    """Format every file in `segments/` of a project; return those that changed.

    Raises UsageError where there is no such folder, DefinitionError for a file that is no YAML or a rule that is none,
    and, if `check`, for the first file that would change; nothing is written then.
    """
    folder = project / "segments"
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of segment files; name the project with --project")
    language = project_language(project)
    changed = {}
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        formatted = formatted_file(text, f"segments/{path.name}", language)
        if formatted != text:
            changed[path] = formatted
    if check and changed:
        raise DefinitionError(f"{next(iter(changed))} holds rules that are not in canonical form; run: kohort fmt")
    for path, formatted in changed.items():
        path.write_text(formatted, encoding="utf-8")
    return list(changed)


def project_language(project: Path) -> Language:
    """Return the language in which a project writes its rules; raises ProjectError if it is none."""
    folder = ProjectFolder(project)
    folder.check()
    settings = project_definition_of(folder.read_yaml(folder.settings), folder.name_of(folder.settings))
    return Language(settings.language)


def formatted_file(text: str, file: str, language: Language = Language.EN) -> str:
    r"""Return the text of a segment file with each `where` in canonical form.

    >>> print(formatted_file("segments:\n- name: a  # mine\n  where: did  e IN last 1 days\n", "a.yaml"), end="")
    segments:
    - name: a  # mine
      where: did e in last 1 day
    """
    root = composed(text, file)
    for place, node in reversed(list(enumerate(_rules(root)))):
        canonical = _canonical(node, file, language)
        start, end = node.start_mark.index, node.end_mark.index
        written = text[start:end].rstrip()
        # A comment behind the sign of a block would be lost: such a rule stays as it is.
        if canonical != node.value and not (written[0] in ">|" and "#" in written.partition("\n")[0]):
            head, tail = text[:start], text[start + len(written) :]
            ways = (head + scalar + tail for scalar in scalars(canonical, head))
            text = next(one for one in ways if _reads(one, place, canonical))
    return text


def _canonical(node: yaml.ScalarNode, file: str, language: Language) -> str:
    try:
        return print_rule(parse_rule(node.value, language), language)
    except RuleError as error:
        raise DefinitionError(f"{Place(file, node.start_mark.line + 1, 'where')}: {error}") from error


def _rules(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yield the scalars that are the `where` of a segment."""
    for key, segments in pairs_of(root):
        if key.value == "segments" and isinstance(segments, yaml.SequenceNode):
            for segment in segments.value:
                yield from (
                    value
                    for name, value in pairs_of(segment)
                    if name.value == "where" and isinstance(value, yaml.ScalarNode)
                )


def _reads(text: str, place: int, rule: str) -> bool:
    try:
        return [node.value for node in _rules(yaml.compose(text, Loader=yaml.SafeLoader))][place : place + 1] == [rule]
    except yaml.YAMLError:
        return False
