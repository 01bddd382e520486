"""A report of a made-up shop, small and complete; its figures are chosen, so tests know them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import measure_outcomes
from kohort.reports.data import (
    CandidateRow,
    ClusterMap,
    DiscoveryReport,
    EventCount,
    IntersectionRow,
    IntersectionTable,
    Loading,
    MapPoint,
    Note,
    OutcomeRow,
    OutcomeTable,
    Overlap,
    PersonaCard,
    PersonaCategory,
    PersonaTrait,
    ReportData,
    RfmCellRow,
    RfmGrid,
    SegmentRow,
    SizePoint,
    SourceLine,
)
from kohort.stats.intervals import Interval
from kohort.storage.records import Finding

AS_OF = datetime(2018, 1, 1, 5, 0, tzinfo=UTC)
PEOPLE = 2_000
REVENUE = 4_000_000_000_000

SEGMENTS = (
    ("vip", "VIP", "VIP", "The top 5 % by what they have spent so far.", "historic_clv in top 5%", 100, 0.221),
    (
        "reactive",
        "Reactive",
        "Réactifs",
        "Ordered within the last week.",
        "days since last order_completed < 7",
        1240,
        0.843,
    ),
    (
        "high_engagement",
        "High engagement",
        "Très engagés",
        "Many more orders than usual.",
        "count of order_completed in last 30 days > mean + 1 std",
        310,
        0.334,
    ),
    (
        "frequent_buyers",
        "Frequent buyers",
        "Acheteurs fréquents",
        "The upper two fifths by orders.",
        "score of count of order_completed in last 365 days out of 5 >= 4",
        790,
        0.688,
    ),
    (
        "at_risk",
        "At risk",
        "À risque",
        "Used to order often or much, and has not for long.",
        "rfm_recency <= 2 and (rfm_frequency >= 3 or rfm_monetary >= 3)",
        150,
        0.04,
    ),
    (
        "re_engagement",
        "Re-engagement",
        "À réengager",
        "",
        "count of order_completed >= 2 and days since last order_completed between 30 and 180",
        260,
        0.05,
    ),
)


def shop() -> ReportData:
    """Return the whole report."""
    return ReportData(
        project="Corner shop",
        as_of=AS_OF,
        generated_at=AS_OF + timedelta(hours=9, minutes=12),
        currency="USD",
        people=PEOPLE,
        revenue=REVENUE,
        events=(EventCount("order_completed", 155_848), EventCount("coupon_redeemed", 2_102)),
        segments=segments(),
        sizes=sizes(),
        rfm=rfm(),
        discovery=discovery(),
        overlap=overlap(),
        intersections=intersections(),
        outcomes=(outcome(),),
        findings=findings(),
        sources=(SourceLine("transactions", 1_469_307, "© somebody, for research and education"),),
        notes=(Note("Stability", "Mean Jaccard similarity over 20 bootstraps (Hennig 2007)."),),
    )


def empty() -> ReportData:
    """Return the report of a project into which nothing has come yet."""
    return ReportData("Corner shop", AS_OF, AS_OF, "EUR", people=0, revenue=0)


def segments() -> tuple[SegmentRow, ...]:
    """Return six segments and one that was left out."""
    rows = [
        SegmentRow(name, Bilingual(en, fr), description, rule, size, size / PEOPLE, round(share * REVENUE), share)
        for name, en, fr, description, rule, size, share in SEGMENTS
    ]
    left_out = SegmentRow(
        "cart_abandoners",
        Bilingual("Cart abandoners", "Paniers abandonnés"),
        "Filled a cart and left it.",
        "count of add_to_cart in last 7 days >= 1",
        0,
        0.0,
        0,
        0.0,
        note="no add_to_cart has been seen yet",
    )
    return (*rows, left_out)


def sizes() -> tuple[SizePoint, ...]:
    """Return a year of monthly sizes that end at today's."""
    return tuple(
        SizePoint(name, AS_OF - timedelta(days=30 * month), round(size * (1 - 0.06 * month + 0.03 * (month % 3))))
        for name, _, _, _, _, size, _ in SEGMENTS
        for month in reversed(range(12))
    )


def rfm() -> RfmGrid:
    """Return a grid whose people add up to everybody."""
    people = (
        (260, 90, 30, 15, 5),
        (90, 160, 90, 40, 20),
        (30, 90, 140, 90, 50),
        (15, 40, 90, 130, 125),
        (5, 20, 50, 125, 200),
    )
    values = tuple(tuple((80 + 90 * f + 20 * r) * 1_000_000 for f in range(5)) for r in range(5))
    cells = (
        RfmCellRow(Bilingual("Champions", "Champions"), 580, 0.29, 0.61),
        RfmCellRow(Bilingual("Hibernating", "Endormis"), 1420, 0.71, 0.39),
    )
    return RfmGrid(people, values, cells)


def candidate(k: int) -> CandidateRow:
    """Return a plausible row of the table that chooses k; 4 is best."""
    return CandidateRow(
        k=k,
        inertia_share=0.2 + 1.2 / k,
        silhouette=0.34 - 0.05 * abs(k - 4),
        silhouette_error=0.012,
        silhouette_squared=0.5 - 0.04 * abs(k - 4),
        weakest_stability=0.91 if k <= 4 else 0.91 - 0.09 * (k - 4),
        mean_stability=0.95 if k <= 4 else 0.95 - 0.05 * (k - 4),
        smallest_share=0.3 / k,
        border_density=0.2 + 0.05 * k,
        ellipse_gap=0.05,
        copula_gap=0.03,
    )


def discovery() -> DiscoveryReport:
    """Return four personas on a continuum."""
    return DiscoveryReport(
        verdict="a stable partition of a continuum",
        words=Bilingual(
            "4 stable parts of a continuum: they come back when people are drawn again, but their borders are gradual.",
            "4 parties stables d'un continuum\u202f: leurs frontières sont graduelles.",
        ),
        k=4,
        elbow=4,
        gradual=True,
        required_stability=0.75,
        candidates=tuple(candidate(k) for k in range(2, 11)),
        map=cluster_map(),
        personas=tuple(persona(number) for number in range(4)),
    )


def nothing_found() -> DiscoveryReport:
    """Return a search that found no stable clusters."""
    words = Bilingual(
        "No stable clusters: for each number tried, a cluster does not come back when people are drawn again.",
        "Pas de groupes stables\u202f: un groupe ne se retrouve pas quand on tire à nouveau les personnes.",
    )
    return replace(discovery(), verdict="no stable clusters", words=words, k=None, map=None, personas=())


def cluster_map(points: int = 300) -> ClusterMap:
    """Return a map of four clouds that touch."""
    random = np.random.default_rng(5)
    centres = np.array([[3.0, 0.5], [0.2, 2.4], [-0.6, -1.8], [-3.0, 0.4]])
    clusters = random.integers(0, 4, points)
    places = centres[clusters] + random.normal(size=(points, 2))
    return ClusterMap(
        tuple(MapPoint(float(x), float(y), int(cluster)) for (x, y), cluster in zip(places, clusters, strict=True)),
        (0.41, 0.17),
        (
            Loading(Bilingual("orders", "commandes"), 0.62, 0.1),
            Loading(Bilingual("days since last order", "jours depuis la dernière commande"), -0.55, 0.05),
            Loading(Bilingual("basket value", "panier moyen"), 0.2, 0.7),
            Loading(Bilingual("discount share", "part des remises"), -0.1, -0.42),
        ),
    )


def persona(number: int) -> PersonaCard:
    """Return one of four personas."""
    names = (
        Bilingual("Frequent orders, large baskets", "Commandes fréquentes, gros paniers"),
        Bilingual("Evening shoppers, private labels", "Clients du soir, marques de distributeur"),
        Bilingual("Discount hunters", "Chasseurs de remises"),
        Bilingual("Rare orders, lapsed", "Commandes rares, inactifs"),
    )
    sign = 1 if number < 2 else -1
    traits = (
        PersonaTrait(
            Bilingual("orders", "commandes"),
            Interval(sign * 1.31, sign * 1.31 - 0.1, sign * 1.31 + 0.1, PEOPLE),
            Bilingual("112", "112"),
            Bilingual("41", "41"),
        ),
        PersonaTrait(
            Bilingual("basket value", "panier moyen"),
            Interval(0.62, 0.5, 0.74, PEOPLE),
            Bilingual("$42.10", "42,10\u202f$"),
            Bilingual("$24.80", "24,80\u202f$"),
        ),
        PersonaTrait(
            Bilingual("discount share", "part des remises"),
            Interval(-0.31, -0.4, -0.22, PEOPLE),
            Bilingual("11%", "11\u202f%"),
            Bilingual("16%", "16\u202f%"),
        ),
    )
    age = PersonaCategory(
        Bilingual("age: 45–54", "âge\u202f: 45–54"),
        Interval(0.41, 0.35, 0.47, 300),
        Interval(0.26, 0.24, 0.28, 900),
        Interval(1.6, 1.3, 1.9, 1200),
    )
    people = (380, 520, 610, 490)[number]
    return PersonaCard(
        cluster=number,
        name=names[number],
        sentences=(
            Bilingual(
                "They order about twice a week and fill large baskets, mostly of groceries.",
                "Ils commandent environ deux fois par semaine et remplissent de gros paniers.",
            ),
        ),
        people=people,
        share_of_people=people / PEOPLE,
        share_of_value=(0.48, 0.27, 0.19, 0.06)[number],
        stability=Interval(0.93 - 0.05 * number, 0.85 - 0.05 * number, 0.97 - 0.05 * number, 20),
        gradual=number != 3,
        traits=traits,
        categories=(age,) if number == 0 else (),
        example=f"p_{number}f3a91",
    )


def overlap() -> Overlap:
    """Return the overlap of the six segments: the smaller of each two is half inside the larger."""
    sizes_of = [size for *_, size, _ in SEGMENTS]
    shared = tuple(
        tuple(one if row == column else min(one, other) // 2 for column, other in enumerate(sizes_of))
        for row, one in enumerate(sizes_of)
    )
    return Overlap(tuple(en for _, en, *_ in SEGMENTS), shared)


def intersections() -> IntersectionTable:
    """Return VIP and Reactive: 80 in both, 20 and 1,160 in one of them, 740 in none."""
    rows = (((1,), 1_160), ((), 740), ((0, 1), 80), ((0,), 20))
    return IntersectionTable(("VIP", "Reactive"), tuple(IntersectionRow(*row) for row in rows), PEOPLE)


def outcome() -> OutcomeTable:
    """Return who ordered after the split: 94 of 100 VIP, 30 of 60 personas, 1,140 of everybody's 2,000."""
    everyone = {f"p{number}" for number in range(PEOPLE)}
    vip = {f"p{number}" for number in range(100)}
    hunters = {f"p{number}" for number in range(1_110, 1_170)}
    converted = {f"p{number}" for number in range(6, 1_140)} | {f"p{number}" for number in range(1_994, 2_000)}
    value = dict.fromkeys(sorted(converted), 50.0)
    found = measure_outcomes(
        {"vip": vip, "hunters": hunters, "nobody": set()}, everyone=everyone, converted=converted, value=value
    )
    labels = (
        ("segment", Bilingual("VIP", "VIP")),
        ("persona", Bilingual("Discount hunters", "Chasseurs de remises")),
        ("segment", Bilingual("Nobody", "Personne")),
    )
    return OutcomeTable(
        Bilingual("ordered", "ont commandé"),
        Bilingual("8 weeks", "8 semaines"),
        AS_OF - timedelta(days=56),
        found[0].base,
        tuple(OutcomeRow(kind, label, one) for (kind, label), one in zip(labels, found, strict=True)),
    )


def findings() -> tuple[Finding, ...]:
    """Return one finding of each severity, and one without a share."""
    return (
        Finding("missing trait", "traits", "age", "info", 1_199, 0.5995, "1,199 of 2,000 people have no age"),
        Finding(
            "zero amount", "events", "order_completed.total", "warning", 812, 0.0052, "812 orders have a zero total"
        ),
        Finding("future event", "events", "order_completed", "error", 3, 0.00002, "3 orders are dated in the future"),
        Finding("changing type", "events", "page.name", "warning", 2, None, "page.name has values of several types"),
    )
