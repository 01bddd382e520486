"""What would change a membership soonest: the passage of time, or the least that the person could do."""

from dataclasses import dataclass, replace
from typing import Final

from kohort.clock import DAY, Moment
from kohort.engines.columns import Block
from kohort.engines.context import Context
from kohort.engines.evaluation import Doing, Explanation, Outlook, Setting
from kohort.engines.outlook.evidence import with_facts
from kohort.engines.outlook.hypotheses import supposing
from kohort.engines.outlook.proposals import proposals
from kohort.engines.plan import Plan
from kohort.engines.statistics import Statistics
from kohort.engines.timelines.courses import Course, Stretch
from kohort.engines.timelines.timeline import texts_of, timelines
from kohort.engines.timelines.values import Sources
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Sequence, Trait

LOOKED_AHEAD: Final = 3_653 * DAY
"""How far time alone is followed: ten years."""

LAST_MOMENT: Final = 253_000_000_000_000_000
"""A moment of the year 9987, beyond which no calendar is asked."""

MOST_TRIED: Final = 200
"""The number of single changes that are tried at most."""


@dataclass(frozen=True)
class Case:
    """A plan of one rule, one person's history as a block, and the population's numbers in force at a moment."""

    plan: Plan
    block: Block
    catalog: Catalog
    statistics: Statistics
    at: Moment

    @classmethod
    def of(cls, plan: Plan, block: Block, catalog: Catalog, statistics: Statistics, at: Moment) -> "Case":
        """Return the case of the one person of `block`, read once, and no more of it than the plan speaks of."""
        events: set[str] = set()
        traits: set[str] = set()
        for feature in plan.features:
            match feature.measure:
                case Trait(name=name):
                    traits.add(name)
                case Sequence(steps=steps):
                    events.update(step.event for step in steps)
                case measure:
                    events.add(measure.event)
        its = Block(
            block.first_seen,
            {name: block.events[name] for name in sorted(events) if name in block.events},
            {name: block.traits[name] for name in sorted(traits) if name in block.traits},
        )
        return cls(plan, its, catalog, statistics, at)

    def course(self, stretch: Stretch, block: Block | None = None) -> Course:
        """Return when the rule holds in a stretch."""
        ((name, _),) = self.plan.rules.items()
        its = self.block if block is None else block
        return timelines(self.plan, its, stretch, self.catalog, self.statistics)[name]

    def holds(self, moment: Moment, block: Block | None = None) -> bool:
        """Return whether the rule holds at a moment."""
        return bool(self.course(Stretch(moment, moment), block).holds[0])

    @property
    def sources(self) -> Sources:
        """What the conditions of the rule look at, as of the moment."""
        context = Context(self.catalog, self.at, texts_of(self.plan, self.block, self.catalog))
        return Sources(self.block, context, self.statistics, Stretch(self.at, self.at))


def until_when(at: Moment) -> Moment:
    """Return the moment up to which time alone is followed from `at` on.

    >>> until_when(0) == LOOKED_AHEAD
    True
    """
    return max(at, min(at + LOOKED_AHEAD, LAST_MOMENT))


def completed(explanation: Explanation, case: Case) -> Explanation:
    """Return an explanation of a case with the facts of each leaf, and the outlook."""
    ((_, rule),) = case.plan.rules.items()
    found = with_facts(explanation, rule, case.plan, case.sources)
    return replace(found, outlook=outlook_of(case))


def outlook_of(case: Case) -> Outlook:
    """Return what would change the membership of a case.

    A single change is only named if the rule, evaluated with it, gives the other answer, where it would not have
    without it. What is known of the future, such as an order that is dated tomorrow, takes place.
    """
    until = until_when(case.at)
    course = case.course(Stretch(case.at, until))
    time_alone = int(course.moments[1]) if len(course.moments) > 1 else None
    return Outlook(time_alone, until, _single_change(case))


def _single_change(case: Case) -> Doing | Setting | None:
    now = case.holds(case.at)
    for change in proposals(case.plan.conditions, case.sources)[:MOST_TRIED]:
        block, moment = supposing(case.block, change, case.at, case.catalog)
        if case.holds(moment) == now and case.holds(moment, block) != now:
            return change
    return None
