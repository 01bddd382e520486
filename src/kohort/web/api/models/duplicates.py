"""People who may be one: what their traits propose, and what somebody decides."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kohort.pipeline.duplicates.proposals import ProposedPair
from kohort.web.api.models.answer import Answer, IsoMoment


class Weight(Answer):
    """What a comparison says for two people being one."""

    comparison: str
    bits: float = Field(description="Above 0 for it, below 0 against it.")


class ComparedTrait(Answer):
    """What both people have of a trait; empty where it is not known."""

    trait: str
    left: str
    right: str


class ProposedMerge(Answer):
    """Two people who may be one."""

    left: str = Field(description="A person id.")
    right: str = Field(description="Another one.")
    probability: float
    family: bool = Field(description="Whether they may be of one family, such as twins.")
    sure: bool = Field(description="Whether the probability is above the threshold, and they are no family.")
    weights: list[Weight]
    traits: list[ComparedTrait]


class DecidedPair(Answer):
    """What somebody decided by hand of two people, and holds."""

    at: IsoMoment
    change: str = Field(description="merge or split.")
    left: str
    right: str
    reason: str


class ProposedMerges(Answer):
    """What is to be decided, the surest first, families last, and what was decided last."""

    at: IsoMoment = Field(description="Up to when traits were looked at.")
    threshold: float
    total: int = Field(description="How many there are on all pages.")
    proposals: list[ProposedMerge]
    decided: list[DecidedPair] = Field(description="The newest first, with the first page only.")
    next_cursor: str | None


class DecisionAsked(BaseModel):
    """What somebody says of two people."""

    model_config = ConfigDict(extra="forbid")

    left: str = Field(min_length=1, max_length=1_000, description="A person id, user id or anonymous id.")
    right: str = Field(min_length=1, max_length=1_000)
    decision: Literal["merge", "apart", "undo"]
    reason: str = Field("", max_length=1_000, description="It is kept.")


class Decision(Answer):
    """What became of it."""

    outcome: str = Field(description="merged, kept apart, taken back, or as they were.")


def proposed_merge(one: ProposedPair, values: Mapping[str, tuple[str, str]], *, sure: bool) -> ProposedMerge:
    """Return a proposal as it is told, with what both people have of each trait."""
    return ProposedMerge(
        left=one.left,
        right=one.right,
        probability=one.probability,
        family=one.kin,
        sure=sure,
        weights=[Weight(comparison=name, bits=bits) for name, bits in one.weights],
        traits=[ComparedTrait(trait=name, left=left, right=right) for name, (left, right) in values.items()],
    )
