"""What any engine must pass: the tables and laws of the rule language, published for whoever makes an engine.

    from kohort.testing.suite import EngineSuite

    class TestMyEngine(EngineSuite):
        def engine_of(self, world):
            return MyEngine(world)

Run by pytest, each rule of a table is one test, which a marketer could read, and each law is held over random worlds:
every kind of rule; time zones with days of 23 and 25 hours; moments on a border and one microsecond to either side;
missing values, ties, late and future events, people merged from several actors. What is right is what
`kohort.engines.reference` says, slowly and obviously. The number of worlds follows Hypothesis's profile (see
`examples`).

An engine is handed each event once: duplicates are removed where events are stored, by their id, and held to it by the
tests of collection and of the journal's projection. It is handed merged people as one person, as profiles resolve
them.
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in ("ahead", "base", "explanations", "laws", "meaning", "refreshes", "sequences", "windows_and_texts")
    )
)

from kohort.testing.suite.base import Engine, EngineCases, examples  # noqa: E402 - assertions are rewritten first
from kohort.testing.suite.explanations import ExplanationCases  # noqa: E402
from kohort.testing.suite.laws import Laws  # noqa: E402
from kohort.testing.suite.meaning import MeaningCases  # noqa: E402
from kohort.testing.suite.sequences import SequenceCases  # noqa: E402
from kohort.testing.suite.windows_and_texts import WindowAndTextCases  # noqa: E402

__all__ = ["Engine", "EngineCases", "EngineSuite", "examples"]


# pytest begins with the last of them: the tables, whose failures are the quickest to read.
class EngineSuite(Laws, ExplanationCases, WindowAndTextCases, SequenceCases, MeaningCases):
    """All of it: subclass it in a test module under a name that pytest collects, and say how the engine is made."""
