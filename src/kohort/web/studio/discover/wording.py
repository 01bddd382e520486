"""How strong a difference is and how stable a cluster, in words, by the sizes that their authors named."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kohort.web.studio.discover.models import Persona, TypicalTrait
from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked
_HIGHER: Final = ((0.8, _("much higher")), (0.5, _("higher")), (0.0, _("slightly higher")))
_LOWER: Final = ((0.8, _("much lower")), (0.5, _("lower")), (0.0, _("slightly lower")))
_STABLE: Final = (
    (0.85, _("very stable")), (0.75, _("stable")), (0.6, _("only a pattern")), (0.0, _("unstable")),
)  # fmt: skip


@dataclass(frozen=True)
class Strengths:
    """Says numbers of personas in words; `say` translates."""

    say: Callable[[str], str]

    def of_trait(self, one: TypicalTrait) -> str:
        """Say how a trait differs, by the sizes of Cohen 1988.

        >>> from types import SimpleNamespace
        >>> Strengths(str).of_trait(SimpleNamespace(effect=SimpleNamespace(estimate=-0.9)))
        'much lower'
        """
        effect = one.effect.estimate
        sizes = _HIGHER if effect > 0 else _LOWER
        return self.say(next(words for least, words in sizes if abs(effect) >= least))

    def of_stability(self, one: Persona) -> str:
        """Say how stable a cluster is, by the thresholds of Hennig 2007."""
        return self.say(next(words for least, words in _STABLE if one.stability.estimate >= least))
