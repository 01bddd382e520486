"""Everything that the report shows, as plain values: the pipeline fills them, the page draws them.

Shares are between 0 and 1, money is in micros of the project's currency, times are aware datetimes.
"""

from dataclasses import dataclass
from datetime import datetime

from kohort.errors import UsageError
from kohort.learning.importance.results import ImportanceStudy
from kohort.learning.value.results import ValueStudy
from kohort.learning.wording import Bilingual
from kohort.measurement.outcomes import SegmentOutcome
from kohort.reports.method_data import DendrogramTop, MethodRow, NeighbourDistances
from kohort.reports.periods_data import NOTHING_YET, ClustersOverTime
from kohort.reports.persona_data import Lineage, PersonaRule
from kohort.reports.predictions_data import LabelledSegment, PredictionShown
from kohort.reports.preparation_data import PreparationSummary
from kohort.stats.intervals import Interval
from kohort.stats.logarithms import share_less
from kohort.storage.records import Finding


@dataclass(frozen=True)
class SegmentRow:
    """One segment: its rule as people read it, its size, and what its members have spent.

    `share` and `revenue_share` are of all people and of all revenue. `note` says why the segment was left out of
    this run; it is empty for a segment that was evaluated.
    """

    name: str
    label: Bilingual
    description: str
    sentence: str
    size: int
    share: float
    revenue: int
    revenue_share: float
    note: str = ""


@dataclass(frozen=True)
class SizePoint:
    """The size of a segment, by its name, at a moment."""

    segment: str
    at: datetime
    size: int


@dataclass(frozen=True)
class RfmCellRow:
    """One named cell of the RFM cube; `key` is what the trait of the cell says of those in it."""

    name: Bilingual
    size: int
    share: float
    revenue_share: float
    key: str = ""


@dataclass(frozen=True)
class RfmGrid:
    """People by recency and frequency score, and the named cells.

    `people[r][f]` counts the people of recency score r + 1 and frequency score f + 1 (the highest is best: ordered
    most recently, most often); `mean_value[r][f]` is their mean monetary value in micros, None where nobody is.

    Raises UsageError unless both are rectangles of one size.

    >>> RfmGrid(((3, 1, 0), (0, 2, 4)), ((5, 9, None), (None, 7, 2)), ()).levels
    (2, 3)
    """

    people: tuple[tuple[int, ...], ...]
    mean_value: tuple[tuple[int | None, ...], ...]
    cells: tuple[RfmCellRow, ...]

    def __post_init__(self) -> None:
        rows, columns = self.levels
        for grid in (self.people, self.mean_value):
            if len(grid) != rows or any(len(row) != columns for row in grid):
                raise UsageError("an RFM grid must have one row per recency score, one column per frequency score")

    @property
    def levels(self) -> tuple[int, int]:
        """The number of recency scores and of frequency scores."""
        return len(self.people), len(self.people[0]) if self.people else 0


@dataclass(frozen=True)
class CandidateRow:
    """What one number of clusters was worth: inertia, silhouette and stability, side by side.

    `inertia_share` is of the inertia of a single cluster; the silhouettes are over plain distances (sampled, with
    its standard error) and over squared distances (exact): two scales. Stabilities are mean Jaccard similarities
    over bootstraps. `border_density` is that of the least separated pair. The gaps are differences of mean log inertia
    against one ellipse, and against chance combinations of the same traits, with their errors, None in reports of
    before these were kept; `tighter_than_ellipse` and `tighter_than_chance` are the same as shares of what is left.

    >>> row = CandidateRow(2, 0.4, 0.5, 0.01, 0.6, 0.9, 0.95, 0.3, 0.2, 0.1, 0.05)
    >>> round(row.tighter_than_ellipse, 3), round(row.tighter_than_chance, 3)
    (0.095, 0.049)
    """

    k: int
    inertia_share: float
    silhouette: float
    silhouette_error: float
    silhouette_squared: float
    weakest_stability: float
    mean_stability: float
    smallest_share: float
    border_density: float
    ellipse_gap: float
    copula_gap: float
    ellipse_gap_error: float | None = None
    copula_gap_error: float | None = None

    @property
    def tighter_than_ellipse(self) -> float:
        """How much less inertia is left than in one ellipse, as a share."""
        return share_less(self.ellipse_gap)

    @property
    def tighter_than_chance(self) -> float:
        """How much less inertia is left than in chance combinations of the same traits, as a share."""
        return share_less(self.copula_gap)


@dataclass(frozen=True)
class MapPoint:
    """One sampled person on the map; `cluster` counts from 0; people in no cluster are not on it."""

    x: float
    y: float
    cluster: int


@dataclass(frozen=True)
class Loading:
    """How much one trait pulls along the two axes of the map."""

    trait: Bilingual
    x: float
    y: float


@dataclass(frozen=True)
class ClusterMap:
    """Sampled people on the first two principal components; `explained` is the share of variance along each."""

    points: tuple[MapPoint, ...]
    explained: tuple[float, float]
    loadings: tuple[Loading, ...]


@dataclass(frozen=True)
class ClusterPicture:
    """The same sampled people as another `method`, "tsne" or "umap", places them, for the eye alone."""

    method: str
    points: tuple[MapPoint, ...]


@dataclass(frozen=True)
class PersonaTrait:
    """A trait that sets a persona apart: its typical value here and among everybody else, written in its unit.

    `effect` is the standardised difference of means (Hedges' g), positive where the persona has more of it.
    """

    label: Bilingual
    effect: Interval
    here: Bilingual
    elsewhere: Bilingual


@dataclass(frozen=True)
class PersonaCategory:
    """A category that is more or less frequent in a persona than elsewhere; `lift` is the ratio of the two shares."""

    label: Bilingual
    here: Interval
    elsewhere: Interval
    lift: Interval


@dataclass(frozen=True)
class PersonaCard:
    """A cluster as people speak of it; `cluster` is its number on the map, from 0.

    `share_of_value` is None where nobody spent anything. `stability` is the mean Jaccard similarity over bootstraps,
    with its interval. `gradual` says that no valley separates the cluster from its neighbours. `example` is the
    pseudonymous id of a typical person, or empty. `history` says which persona of the discovery before it continues.
    `value` is the mean value per person in units of the currency, None where nobody spent anything; `habits` are the
    channels and moments that are more usual here than elsewhere. `identity` stays when clusters are looked for
    anew; `rule` is the one that comes nearest.
    """

    cluster: int
    name: Bilingual
    sentences: tuple[Bilingual, ...]
    people: int
    share_of_people: float
    share_of_value: float | None
    stability: Interval
    gradual: bool
    traits: tuple[PersonaTrait, ...]
    categories: tuple[PersonaCategory, ...] = ()
    example: str = ""
    history: Bilingual | None = None
    value: Interval | None = None
    habits: tuple[PersonaCategory, ...] = ()
    identity: str = ""
    rule: PersonaRule | None = None


@dataclass(frozen=True)
class DiscoveryReport:
    """What the search for clusters found; without clusters `k` is None and there are neither map nor personas.

    `words` is the verdict in sentences; `gradual` says that the clusters are parts of a continuum.
    `required_stability` is the least mean Jaccard similarity that a cluster needed, `required_share` the least share of
    people, `silhouette_guide` a silhouette beside which that found is read. `folds` tells, for each persona, the
    similarity among people left out, with the worst and the best fold. `lineage` says what became of
    the personas before. `method` found the clusters; `methods` are all that were compared, `dendrograms` the trees
    among them, and `distances` the curve from which DBSCAN reads its radius. `preparation` is how features became
    points, None in reports of before that was told. `pictures` are other maps of the same people that were
    asked for. `outside` counts the people in no cluster, who have no persona.
    """

    verdict: str
    words: Bilingual
    k: int | None
    elbow: int | None
    gradual: bool
    required_stability: float
    candidates: tuple[CandidateRow, ...]
    map: ClusterMap | None = None
    personas: tuple[PersonaCard, ...] = ()
    required_share: float = 0.0
    silhouette_guide: float = 0.5
    folds: tuple[Interval, ...] = ()
    lineage: Lineage | None = None
    method: str = "k_means"
    methods: tuple[MethodRow, ...] = ()
    dendrograms: tuple[DendrogramTop, ...] = ()
    distances: NeighbourDistances | None = None
    preparation: PreparationSummary | None = None
    pictures: tuple[ClusterPicture, ...] = ()
    outside: int = 0

    @property
    def k_of_candidates(self) -> int | None:
        """The number of clusters that was taken of the candidates, which are of k-means; None if another method was."""
        return self.k if self.method == "k_means" else None


@dataclass(frozen=True)
class Overlap:
    """How many people two segments share; `shared[i][j]` people are in both, `shared[i][i]` is a segment's size.

    Raises UsageError unless the matrix is square and symmetric and fits the names.

    >>> overlap = Overlap(("VIP", "Upsell"), ((10, 5), (5, 20)))
    >>> overlap.jaccard(0, 1), overlap.row_share(0, 1)
    (0.2, 0.5)
    """

    names: tuple[str, ...]
    shared: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if [len(row) for row in self.shared] != [len(self.names)] * len(self.names):
            raise UsageError("an overlap needs one row and one column per segment")
        if tuple(zip(*self.shared, strict=True)) != self.shared:
            raise UsageError("an overlap must be symmetric: A and B share as many people as B and A")

    def jaccard(self, one: int, other: int) -> float:
        """Return the people in both as a share of those in either (Jaccard 1901); 0 if both are empty."""
        both = self.shared[one][other]
        either = self.shared[one][one] + self.shared[other][other] - both
        return both / either if either else 0.0

    def row_share(self, one: int, other: int) -> float:
        """Return the share of the people of `one` who are in `other` too; 0 if `one` is empty."""
        size = self.shared[one][one]
        return self.shared[one][other] / size if size else 0.0


@dataclass(frozen=True)
class IntersectionRow:
    """The people who are in all of these segments, by their numbers, and in no other of the table."""

    segments: tuple[int, ...]
    people: int


@dataclass(frozen=True)
class IntersectionTable:
    """Who is in exactly which of several segments, the largest intersections first; each of `people` counts once.

    Raises UsageError for a row of a segment that has no name.

    >>> IntersectionTable(("VIP", "Upsell"), (IntersectionRow((0, 1), 3), IntersectionRow((), 2)), 5).people
    5
    """

    names: tuple[str, ...]
    rows: tuple[IntersectionRow, ...]
    people: int

    def __post_init__(self) -> None:
        if any(not 0 <= number < len(self.names) for row in self.rows for number in row.segments):
            raise UsageError("an intersection is of segments that have a name")


@dataclass(frozen=True)
class OutcomeRow:
    """How one group did after the split; `kind` is "segment" or "persona".

    The values per person in `outcome` are in units of the currency.
    """

    kind: str
    label: Bilingual
    outcome: SegmentOutcome


@dataclass(frozen=True)
class OutcomeTable:
    """One outcome, by group; groups were formed from what was known at `split` only.

    `did` is the outcome as a verb in the past ("ordered"), `horizon` the time people were given ("8 weeks"),
    `base` the rate of everybody.
    """

    did: Bilingual
    horizon: Bilingual
    split: datetime
    base: Interval
    rows: tuple[OutcomeRow, ...]


@dataclass(frozen=True)
class EventCount:
    """How often an event happened."""

    event: str
    count: int


@dataclass(frozen=True)
class SourceLine:
    """Where data came from: the source's name, the rows taken in, and its licence or another remark."""

    source: str
    rows: int
    note: str = ""


@dataclass(frozen=True)
class LoadPoint:
    """What a load measured as a whole, 0 to 100; None where nothing was."""

    load: str
    at: datetime
    reliability: float | None
    stopped: bool = False


@dataclass(frozen=True)
class SourceScores:
    """How good a source is: its reliability from 0 to 100, its scores by dimension from 0 to 1, its loads in order."""

    source: str
    reliability: float | None
    scores: dict[str, float]
    loads: tuple[LoadPoint, ...] = ()


@dataclass(frozen=True)
class Note:
    """How something was computed, in a few words: the topic and the method."""

    topic: str
    text: str


@dataclass(frozen=True)
class GoalImportance:
    """Which variables, known at `split`, matter for what people did in the `horizon` after it."""

    goal: str
    did: Bilingual
    horizon: Bilingual
    split: datetime
    study: ImportanceStudy


@dataclass(frozen=True)
class ReportData:
    """All that one report shows.

    `as_of` is the moment the segments speak of, `generated_at` the moment of writing; `currency` is an ISO 4217
    code; `people` and `revenue` (micros) are totals at `as_of`. Sections without data are told as such on the page.
    """

    project: str
    as_of: datetime
    generated_at: datetime
    currency: str
    people: int
    revenue: int
    events: tuple[EventCount, ...] = ()
    segments: tuple[SegmentRow, ...] = ()
    sizes: tuple[SizePoint, ...] = ()
    rfm: RfmGrid | None = None
    discovery: DiscoveryReport | None = None
    overlap: Overlap | None = None
    intersections: IntersectionTable | None = None
    outcomes: tuple[OutcomeTable, ...] = ()
    importance: tuple[GoalImportance, ...] = ()
    findings: tuple[Finding, ...] = ()
    sources: tuple[SourceLine, ...] = ()
    scores: tuple[SourceScores, ...] = ()
    notes: tuple[Note, ...] = ()
    values: tuple[ValueStudy, ...] = ()
    over_time: ClustersOverTime = NOTHING_YET
    predictions: tuple[PredictionShown, ...] = ()
    labelled: tuple[LabelledSegment, ...] = ()
