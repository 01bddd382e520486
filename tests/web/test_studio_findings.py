"""What checks found is said in French: one real finding of each maker, so that a sentence that changes is missed."""

import asyncio
import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from studio_desk import Studio, studio

from kohort.activation.destinations.checked import CheckedClient, Reply
from kohort.activation.destinations.geocoders import RemoteGeocoder
from kohort.clock import DAY, HOUR
from kohort.collection.batches import Origin, Tally
from kohort.collection.flattening import flatten
from kohort.collection.refusals import duplicate_rows, unholdable
from kohort.collection.scalars import JSON
from kohort.definitions.answers import AnswerSource
from kohort.definitions.comparing import PERSON, SourceComparison
from kohort.definitions.enrichment import EnrichmentDefinition
from kohort.definitions.gates import Measure
from kohort.definitions.geocoding import PUBLIC, GeocodingDefinition, GeocodingService, GeocodingSettings
from kohort.definitions.kafka import KafkaDefinition, TopicDefinition
from kohort.definitions.normalisation import Kind, Status
from kohort.definitions.repair import DetectionMethod, ImputationMethod, OutliersDefinition, Treatment
from kohort.definitions.survey import SurveyDefinition, SurveyMeasure
from kohort.definitions.texts import Sentiment
from kohort.definitions.values import ValueType
from kohort.errors import KohortError, RemoteError
from kohort.learning.anomalies import AnomalyScores
from kohort.learning.texts.model import Reading
from kohort.pipeline.collection.normalising import findings_of
from kohort.pipeline.enrichment import enriching, flagging, geocoding, psychographic
from kohort.pipeline.families import demographics
from kohort.pipeline.findings import finding_of, lost_finding
from kohort.pipeline.quality import checks
from kohort.pipeline.quality.wording import gate_findings
from kohort.places.communes_of_people import Place, Placed
from kohort.places.ip import IpAnswers
from kohort.places.wording import code_findings, ip_finding, position_finding, zone_finding
from kohort.profiles.graph import BLOCKED, OVER_LIMIT
from kohort.project import Project
from kohort.quality.checks import (
    check_amounts,
    check_coverage,
    check_future,
    check_gaps,
    check_refused,
    check_types,
)
from kohort.quality.cross_checks.agreement import Agreement, ValueAgreement
from kohort.quality.cross_checks.orders import BrokenOrder
from kohort.quality.cross_checks.silence import Silence
from kohort.quality.cross_checks.wording import (
    agreement_findings,
    bias_finding,
    broken_order_finding,
    impossible_order_finding,
    silence_finding,
)
from kohort.quality.missing import estimate_finding, imputed_finding, randomness_findings
from kohort.quality.normalisation.outcomes import Reason, Repair
from kohort.quality.outliers import OutlierMethod, OutlierRule, OutlierScale, find_outliers
from kohort.quality.surveys import survey_findings
from kohort.rules.languages import Language
from kohort.stats.fences import Fences
from kohort.stats.goodness import fit_of
from kohort.stats.intervals import wilson_interval
from kohort.storage.frames import Record
from kohort.storage.journal import Journal
from kohort.storage.kafka.journal import KafkaJournal
from kohort.storage.kafka.taking import damaged_finding
from kohort.storage.records import Finding, GateSaid, LoadMeasured
from kohort.testing.clock import SettableClock
from kohort.web.studio.formats import Formats
from kohort.web.studio.said import known_again, said
from kohort.web.studio.said_findings import FORMS, LISTS, WORDS
from small_shop import NOW

UTC = ZoneInfo("UTC")
FRENCH, ENGLISH = Formats(Language.FR, UTC), Formats(Language.EN, UTC)
TABLE = Path(__file__).parent / "findings_in_french.txt"
"""What each finding is called in French, and its detail, in the order in which they are made here."""
MAPPING = """
name: crm
files: "crm*.csv"
person: id
time: day
event: order
key: [number]
lookups: [{file: products.csv, on: product, columns: [maker]}]
properties: {product: product, maker: maker, amount: {column: amount, type: number}}
"""
ROWS = """number,id,day,product,amount
1,ada,2026-02-26,tea,5
1,ada,2026-02-26,tea,5
2,bob,2026-02-27,mug,1e400
3,cid,2026-02-28,tea,7
4,,2026-02-28,tea,7
"""
KAFKA = KafkaDefinition(("b1:9092",))


def of_events() -> Iterator[Finding]:
    yield from check_amounts("order", "total", np.array([5, 0, -1, 0] * 500))
    yield from check_gaps("visit", np.array([*range(18), 20]) * DAY, "UTC")
    yield from check_gaps("visit", np.setdiff1d(np.arange(80), [3, 10, 20, 30, 40, 41, 50]) * DAY, "UTC")
    yield from check_future("visit", 2, 10)
    yield check_refused("email", OVER_LIMIT, 1, 40)
    yield check_refused("user_id", BLOCKED, 1_000, 4_000)
    yield from check_coverage(10, {"age": 4})
    yield from check_types([("visit", "page", ValueType.TEXT), ("visit", "page", ValueType.BOOLEAN)])


def of_input() -> Iterator[Finding]:
    origin = Origin("shop", "data/shop.csv")
    sent = JSON.decode(b'{"day": "soon", "total": "five", "sum": 1e400, "a.b": 1, "a": {"b": 2}}')
    declared = {"day": ValueType.MOMENT, "total": ValueType.NUMBER}
    yield finding_of(unholdable(origin, "total", np.array([4, 9])), 2_000)
    yield finding_of(duplicate_rows(origin, 4, 1_200), 2_000)
    for one in flatten(sent, "/properties", declared, UTC).remarks:
        yield finding_of(origin.finding(1, one.name, one.check, 3, one.message), 10)
    rules = Counter({(Status.FLAGGED, Reason.LETTERS.value): 1, (Status.REPAIRED, Repair.CASE.value): 2})
    rules[Status.REPAIRED, f"{Repair.CONVERTED} from USD"] = 1
    statuses = Counter({Status.VALID: 5_000, Status.FLAGGED: 1, Status.REPAIRED: 2, Status.EMPTY: 2})
    yield from findings_of("crm", "crm.csv", [Tally("phone", "tel", Kind.PHONE, statuses, rules)])
    gates = [
        GateSaid("fail if validity < 99 %", "fail", True, 0.5, 0.99),
        GateSaid("warn if volume < 50 % of mean of last 2 runs", "warn", True, 40, 1_247.5),
        *(
            GateSaid("warn if freshness > 50 % of mean of last 2 runs", "warn", True, age, HOUR / 2)
            for age in (90 * HOUR, HOUR)
        ),
        GateSaid("warn if reliability < 95", "warn", True, 91.25, 95),
    ]
    yield from gate_findings(LoadMeasured("crm", "crm.csv", 0, 5, 0, 5, 0, 0, False, {}, {}, 90.0, gates))
    for journal in (Journal(Path("journal")), KafkaJournal(KAFKA, TopicDefinition("journal"), Path("kafka"))):
        yield lost_finding(Record(3, 0, "lost", b"1"), journal.remains)
    yield lost_finding(Record(1_208, 0, "lost", b"4"), Journal(Path("journal")).remains)
    yield damaged_finding("events", KAFKA, "2/17")


def across() -> Iterator[Finding]:
    values = (
        ValueAgreement("email", "mail", 1_000, 12, 3, 0, 4, 5),
        ValueAgreement("total", "total", 1_000, 12, 0, 12_500_000, 0, 5),
        ValueAgreement("paid", "paid", 1_000, 12, 0, 30 * HOUR, 0, 0),
        ValueAgreement("size", "size", 1_000, 12, 0, 0, 0, 0),
    )
    kinds = [ValueType.TEXT, ValueType.NUMBER, ValueType.MOMENT, None]
    found = Agreement(1_200, 1_050, 1_000, values)
    yield from agreement_findings("shop", SourceComparison("crm", ("order", "number")), found, kinds)
    yield from agreement_findings(
        "shop", SourceComparison("crm", (PERSON, PERSON)), Agreement(1_200, 1_000, 1_000, values[:1]), kinds[:1]
    )
    yield bias_finding("crm", "age", ["< 30", "30+"], fit_of([700, 300], [0.5, 0.5]), 0)
    yield bias_finding("crm", "age", ["< 30", "30+"], fit_of([505, 495], [0.5, 0.5]), 3)
    yield bias_finding("crm", "age", ["< 30", "30+"], fit_of([7, 3], [0.5, 0.5]), 0)
    yield silence_finding("web", Silence("page_viewed", 6, 0, 1_080.0, 8, 0.000012), "2026-03-01T12:00:00+01:00")
    yield silence_finding("web", Silence("page_viewed", 1, 2, 80.0, 8, 0.001), "2026-03-01T12:00:00+01:00")
    yield broken_order_finding(
        BrokenOrder("order", "cart", wilson_interval(1_900, 2_000), wilson_interval(50, 200), 1e-9)
    )
    yield impossible_order_finding("order", "cart", 3, 200)


def of_traits() -> Iterator[Finding]:
    totals = np.array([20.0, 25.0, 30.0, 35.0, 21_900.0])
    yield from checks._outliers("order.total", totals)
    definition = OutliersDefinition("odd", ("income", "age"), tuple(DetectionMethod))
    for method in OutlierMethod:
        rule = OutlierRule(method, OutlierScale.RAW, 1.0, Fences(float("-inf"), 100.0))
        for treatment in Treatment if method is OutlierMethod.IQR else (Treatment.KEEP,):
            by = DetectionMethod(method.value)
            treated = OutliersDefinition("odd", ("income", "age"), definition.methods, treatment, by)
            yield flagging._flagged(treated, "income", find_outliers("income", totals, rule))
    scores = AnomalyScores(np.array([0.7, 0.5]), np.array([True, False]))
    for detection in (DetectionMethod.FOREST, DetectionMethod.LOF):
        yield flagging._unlike_finding(definition, detection, scores)
    flags = {"iqr": np.array([True, True, False]), "robust z-score": np.array([True, False, True])}
    yield from flagging._agreement("income", flags)
    for filling in ImputationMethod:
        yield imputed_finding("income", filling.value, 3, 12)
    told = np.array([1_000.0, 2_000.0, np.nan, 4_000.0])
    yield from estimate_finding("income", told, [np.nan_to_num(told, nan=mean) for mean in (2_000.0, 3_000.0)])
    ages = np.arange(20.0, 60.0)
    for incomes in (np.where(ages > 45, np.nan, ages * 1_000), np.where(ages < 33, np.nan, ages * 1_000)):
        yield from randomness_findings(np.column_stack([ages, incomes]), ["age", "income"])
    yield from randomness_findings(np.column_stack([ages, np.where(ages % 3 == 0, np.nan, ages)]), ["age", "income"])
    yield from of_surveys()
    readings = [Reading("", None, 0.0), Reading("fr", Sentiment.POSITIVE, 0.9), Reading("fr", None, 0.4)]
    yield psychographic._texts_finding("voice", readings)
    yield demographics._unknown("generation", pa.chunked_array([pa.array(["X", None, None])]))


def of_surveys() -> Iterator[Finding]:
    items = tuple(AnswerSource(trait=f"q{place}") for place in range(3))
    scale = SurveyDefinition("love", SurveyMeasure.SCALE, items, 1, 5)
    given = np.array([[1.0, 2, 3], [2, 2, 3], [4, 5, 3], [5, 4, 3], [9, 3, 3]])
    yield from survey_findings(scale, given, np.where(given > 5, np.nan, given))
    against = given.copy()
    against[:, 2] = [5, 4, 2, 1, 3]
    yield from survey_findings(scale, against, np.where(against > 5, np.nan, against))
    answers = np.array([[10.0], [9], [3], [8], [2]])
    yield from survey_findings(SurveyDefinition("nps", SurveyMeasure.NPS, items[:1], 0, 10), answers, answers)
    yield from survey_findings(SurveyDefinition("csat", SurveyMeasure.CSAT, items[:1], 1, 10), answers, answers)


def problems() -> Iterator[str]:
    """Yield why a service that finds addresses stopped."""
    settings = GeocodingSettings(GeocodingService.NOMINATIM, "me@shop.example", "https://maps.example", 1)
    geocoder = RemoteGeocoder(settings, SettableClock(NOW), lambda _: None)
    for reply in (Reply(503, b""), Reply(404, b""), Reply(200, b"no JSON")):
        with pytest.raises(KohortError) as stopped:
            geocoder._answer(reply)
        yield str(stopped.value)

    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    for address in ("http://maps.example/", "https://maps.example/"):
        with pytest.raises(RemoteError) as refused:
            asyncio.run(CheckedClient(resolve=inside).ask(address))
        yield str(refused.value)
    yield "nobody knows why"


def of_places() -> Iterator[Finding]:
    placed = Placed((Place("35238", "35", "53", "postal code"), None), np.array([0, 0, 1]), np.ones(3, bool))
    yield from code_findings("postcode", placed)
    yield position_finding("latitude, longitude", 10, 2)
    yield zone_finding(3, 1_070, 20)
    yield zone_finding(0, 7, 20)
    yield ip_finding("ip", 9, IpAnswers((), wrong=1, private=2, unknown=3))
    definition = GeocodingDefinition("addresses", ("street",))
    for whose in ("INSEE, La Poste and GeoNames", *(one.attribution for one in PUBLIC.values())):
        yield geocoding._finding(definition, 2_000, 1_500, 1_800, whose, "")
    for problem in problems():
        yield geocoding._finding(definition, 10, 5, 8, PUBLIC[GeocodingService.NOMINATIM].attribution, problem)
    joined = EnrichmentDefinition("towns", "town", "towns.csv", "t", (), "INSEE", "Open", date(2026, 1, 1))
    yield enriching._finding(joined, 2_000, Counter({"Lyon": 6, "Nice": 1_200, "Metz": 1}))
    yield enriching._finding(joined, 10, Counter({"Metz": 1}))


def every_finding() -> list[Finding]:
    return [*of_events(), *of_input(), *across(), *of_traits(), *of_places()]


def called(finding: Finding) -> str:
    """Return what the page calls a check."""
    return finding.check.replace("_", " ")


def test_every_finding_is_said_in_french() -> None:
    """The table has, line by line, what each is called and its detail."""
    told = [
        f"{said(called(one), FRENCH)} | {said(one.detail, FRENCH)}".replace("\u202f", " ") for one in every_finding()
    ]
    assert told == TABLE.read_text().splitlines()


def test_every_finding_has_a_form_of_its_own() -> None:
    for one in every_finding():
        for text in (called(one), one.detail):
            known = known_again(text)
            assert known is not None, text
            assert known[0] in FORMS, text
            assert said(text, ENGLISH) == text


def forms_in(text: str) -> Iterator[str]:
    """Yield the form of a text, and of what is said within it."""
    known = known_again(text)
    if known is not None:
        yield known[0]
        for name, value in known[1].items():
            for part in value.split(LISTS.get(name, "\0")):
                yield from forms_in(part)


def test_every_form_is_said_by_a_finding() -> None:
    """A form that nobody says any more is to go."""
    texts = [text for one in every_finding() for text in (called(one), one.detail, one.subject)]
    spoken = {form for text in texts for form in forms_in(text)}
    # These come of files that are read, below, and of what a network does.
    assert set(FORMS) - spoken == {
        "rejected",
        "lookup without match",
        "%(count)s rows or messages were rejected; see why with: kohort dead-letters",
        "%(count)s rows whose %(column)s is not in %(file)s; its columns are missing there",
        "%(service)s could not read a file of %(count)s addresses",
        "%(service)s was not asked",
        "%(host)s did not answer within %(seconds)s seconds",
        "%(host)s could not be asked: %(error)s",
        "the answer has more than a megabyte",
    }


def test_the_words_of_details_are_those_of_the_house() -> None:
    assert set(WORDS["rule"]) == {one.value for one in (*Repair, *Reason)}
    assert set(WORDS["kind"]) == {one.value for one in Kind}
    assert set(WORDS["method"]) == {one.value for one in DetectionMethod}
    assert set(WORDS["method"]) > {one.value for one in OutlierMethod}
    assert set(WORDS["scale"]) == {one.value for one in OutlierScale}
    assert set(WORDS["filling"]) == {one.value for one in ImputationMethod}
    assert set(WORDS["measure"]) == {one.value for one in Measure}
    assert set(WORDS["why"]) == {OVER_LIMIT, BLOCKED}
    assert set(WORDS["whose_data"]) > {one.attribution for one in PUBLIC.values()}


def test_a_detail_of_another_version_is_shown_as_it_is() -> None:
    assert said("3 of 5 somehow odd", FRENCH) == "3 of 5 somehow odd"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop whose file has what checks find: no product, a row twice, a number that cannot be held, a zero."""
    folder = tmp_path_factory.mktemp("findings")
    project = Project.create(folder / "shop", clock=SettableClock(NOW))
    for kind in ("segments", "scores", "sources"):
        for path in (project.folder.path / kind).iterdir():
            path.unlink()
    (project.folder.path / "sources" / "crm.yaml").write_text(MAPPING)
    (folder / "products.csv").write_text("product,maker\ntea,Ann\n")
    path = folder / "crm-1.csv"
    path.write_text(ROWS)
    project.ingest(path)
    list(project.run())
    return project


@pytest.fixture(scope="module")
def open_studio(shop: Project) -> Iterator[Studio]:
    with studio(shop) as found:
        yield found


def plain(page: str) -> str:
    """Return the words of the section of what checks found."""
    section = page[page.index('id="findings"') :].split("</section>", maxsplit=1)[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", section)).replace("\u202f", " ").split()).partition(">")[2]


def test_what_this_shop_s_checks_found_is_all_known_again(shop: Project) -> None:
    found = shop.findings()
    assert {"lookup_without_match", "rejected"} < {one.check for one in found}
    for one in found:
        for text in (called(one), one.detail):
            known = known_again(text)
            assert known is not None, text
            assert known[0] in FORMS, text


def test_the_page_says_what_checks_found_in_both_languages(open_studio: Studio) -> None:
    english, french = (plain(open_studio.get("/quality", one).text) for one in ("en", "fr"))
    assert english == (
        "What checks found Check Severity On what Count Share What was found "
        "lookup without match warning crm-1.csv: product crm 1 20% "
        "1 rows whose product is not in products.csv; its columns are missing there "
        "unholdable number warning crm-1.csv: amount crm 1 20% "
        "1 NaN, infinite or too large a number; it counts as missing "
        "rejected warning crm 1 – 1 rows or messages were rejected; see why with: kohort dead-letters"
    )
    assert french == (
        "Ce que les contrôles ont trouvé Contrôle Gravité Sur quoi Nombre Part Ce qui a été trouvé "
        "sans correspondance avertissement crm-1.csv: product crm 1 20 % "
        "1 lignes dont product n’est pas dans products.csv ; ses colonnes y manquent "
        "nombre impossible à garder avertissement crm-1.csv: amount crm 1 20 % "
        "1 fois un nombre NaN, infini ou trop grand ; il compte comme manquant "
        "rejeté avertissement crm 1 – 1 lignes ou messages ont été rejetés ; pour savoir pourquoi : kohort dead-letters"
    )
    assert open_studio.get("/quality").text.count('class="badge second">warning<') == 3


def test_the_data_have_the_details_in_the_language_and_the_checks_as_they_are(open_studio: Studio) -> None:
    english, french = (open_studio.get("/quality.json", one).json() for one in ("en", "fr"))
    assert [one["source"] for one in english["sources"]] == ["crm"]
    assert english["more_findings"] == 0
    assert english["findings"][-1] == {
        "check": "rejected",
        "source": "crm",
        "subject": "crm",
        "severity": "warning",
        "count": 1,
        "share": None,
        "detail": "1 rows or messages were rejected; see why with: kohort dead-letters",
    }
    detail = "1 lignes ou messages ont été rejetés\u202f; pour savoir pourquoi\u202f: kohort dead-letters"
    assert french["findings"][-1] == english["findings"][-1] | {"detail": detail}


def test_a_hundred_findings_are_shown_the_gravest_first_and_the_others_counted(
    open_studio: Studio, shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Finding("missing trait", "traits", f"t{place}", "info", 1, place / 200, "") for place in range(150)]
    grave = lost_finding(Record(1_208, 0, "lost", b"4"), "it is gone")
    order = impossible_order_finding("order", "cart", 3, 200)
    monkeypatch.setattr(Project, "findings", lambda _: [*many, order, grave])
    shown = open_studio.get("/quality.json").json()
    assert [one["subject"] for one in shown["findings"]][:4] == [
        "records 1,205 to 1,208",
        "order after cart",
        "t149",
        "t148",
    ]
    assert (len(shown["findings"]), shown["more_findings"]) == (100, 52)
    page = open_studio.get("/quality", "fr").text
    assert 'class="badge grave">erreur<' in page
    for text in ("enregistrements 1 205 à 1 208", "order après cart", "52 autres constats sont dans le rapport."):
        assert text in plain(page)


def test_where_nothing_is_found_that_is_said(open_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Project, "findings", lambda _: [])
    assert "No check has found anything." in plain(open_studio.get("/quality").text)
    assert "Aucun contrôle n’a rien trouvé." in plain(open_studio.get("/quality", "fr").text)
    assert open_studio.get("/quality.json").json()["findings"] == []
