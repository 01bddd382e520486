"""The rule that comes nearest to each persona, and how near."""

from kohort.errors import UsageError
from kohort.learning.clustering.kmeans import Labels
from kohort.learning.features.table import FeatureTable
from kohort.learning.personas.boxes import rule_of
from kohort.learning.personas.tree import described
from kohort.learning.wording import Bilingual
from kohort.reports.persona_data import PersonaRule
from kohort.rules.languages import Language
from kohort.rules.print import print_rule


def rule_for(table: FeatureTable, labels: Labels, cluster: int, *, seed: int) -> PersonaRule | None:
    """Return the rule of a cluster's people by the numbers of `table`; None without any, or for too few people."""
    if not table.names:
        return None
    try:
        found = described(table, labels == cluster, seed=seed)
    except UsageError:
        return None
    rule = rule_of(found.boxes, table.names[0], whole=found.whole).rule
    fidelity = found.fidelity
    return PersonaRule(
        Bilingual(print_rule(rule, Language.EN), print_rule(rule, Language.FR)),
        precision=fidelity.precision,
        recall=fidelity.recall,
        f1=fidelity.f1,
        held_out=fidelity.held_out,
        is_poor=fidelity.is_poor,
    )
