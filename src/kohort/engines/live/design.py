"""What rules ask, arranged for the parts of a live engine: found once, whoever's memberships are kept right by it."""

from collections.abc import Collection
from dataclasses import dataclass

from kohort.clock import Moment
from kohort.engines.context import Context
from kohort.engines.live.chains import Chain
from kohort.engines.live.layout import Layout
from kohort.engines.live.programs import EXISTS, Programs, expanded, programs_of
from kohort.engines.live.tallies import Plans
from kohort.engines.live.traced import Group, Subject, groups_of, subjects_of
from kohort.engines.plan import Formula, Plan
from kohort.engines.statistics import Statistics
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import Basic
from kohort.rules.nodes import Sequence as Steps


@dataclass(frozen=True)
class Design:
    """Which conditions of a plan are counted, kept step by step, and traced, and the programs that rules are over them.

    Conditions are numbered: that somebody exists, then those that are counted, then the `chains` from `first` on, then
    those of the traced `groups`; there are `size` of them. `standby` has a group for each chain.
    """

    plan: Plan
    catalog: Catalog
    layout: Layout
    counted: Plans
    first: int
    chains: tuple[Chain, ...]
    groups: tuple[Group, ...]
    standby: tuple[Group, ...]
    programs: Programs
    size: int

    @classmethod
    def of(
        cls, plan: Plan, catalog: Catalog, statistics: Statistics, at: Moment, wide: Collection[tuple[str, str]] = ()
    ) -> "Design":
        """Arrange a plan, under statistics that have all of its terms, as of a moment.

        `wide` are columns of events whose sums 64 bits might not hold: these are traced.

        >>> from kohort.engines.plan import build_plan
        >>> from kohort.rules.parse import parse_rule
        >>> catalog = Catalog(events={"cart": {}, "order": {}})
        >>> rules = {"one": parse_rule("did cart"), "two": parse_rule("did cart then order and did cart")}
        >>> design = Design.of(build_plan(rules, catalog), catalog, Statistics(), at=0)
        >>> design.size, design.first, len(design.chains), design.groups
        (3, 2, 1, ())
        """
        layout = Layout(Context(catalog, at), statistics, EXISTS + 1, wide)
        formulas: dict[Basic, Formula] = {}
        chains: dict[Basic, Chain] = {}
        for condition in plan.conditions:
            formula = layout.formula_of(condition)
            chain = Chain.of(condition, layout) if isinstance(condition, Steps) else None
            if formula is not None:
                formulas[condition] = formula
            elif chain is not None:
                chains[condition] = chain
        first = EXISTS + 1 + len(layout.asked)
        chained = dict(enumerate(chains, start=first))
        others = [one for one in plan.conditions if one not in formulas and one not in chains]
        traced = dict(enumerate(others, start=first + len(chained)))
        formulas |= {condition: number for number, condition in (chained | traced).items()}
        size = first + len(chained) + len(traced)
        return cls(
            plan,
            catalog,
            layout,
            Plans.of(layout),
            first,
            tuple(chains.values()),
            tuple(groups_of(traced.items(), catalog)),
            tuple(group for one in chained.items() for group in groups_of([one], catalog)),
            programs_of(expanded(plan, formulas.__getitem__), size),
            size,
        )

    @property
    def reads(self) -> frozenset[Subject]:
        """The tables that the rules read."""
        return frozenset(subject for one in self.plan.features for subject in subjects_of(one.measure))
