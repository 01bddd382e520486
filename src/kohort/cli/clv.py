"""`kohort clv`: what the people of a table of purchases will be worth, without a project."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kohort.cli.output import Format, err, interval_object, out, show_object, show_rows
from kohort.errors import UsageError

if TYPE_CHECKING:
    from kohort.learning.value.bayesian import Posterior
    from kohort.learning.value.results import CalibrationRow, FittedModel, Holdout, Judged, ValueStudy
    from kohort.pipeline.learning.clv_table import TableValue
    from kohort.stats.intervals import Interval

PERSON_COLUMNS: Final = (
    "person", "purchases", "recency_weeks", "age_weeks", "mean_value", "expected_purchases", "expected_value", "clv",
    "clv_low", "clv_high", "decile", "top", "active", "alive",
)  # fmt: skip
_LIMITS: Final = (
    "expected_purchases_low", "expected_purchases_high", "expected_value_low", "expected_value_high",
)  # fmt: skip
_PARAMETERS: Final = ("model", "parameter", "estimate", "low", "high")
_JUDGED: Final = ("model", "purchases", "error", "correlation", "score", "deviance", "area", "captured", "spent")
_DECILES: Final = ("decile", "people", "clv", "low", "high", "share")
_MODELS: Final = ("auto", "bg_nbd", "mbg_nbd", "pareto_nbd", "supervised")

FileArgument = Annotated[Path, typer.Argument(metavar="TRANSACTIONS", help="CSV, Parquet or JSON lines, a row a buy.")]
PersonOption = Annotated[str, typer.Option("--person", metavar="COLUMN", help="Who bought.")]
TimeOption = Annotated[str, typer.Option("--time", metavar="COLUMN", help="When: a day, or a time in ISO 8601.")]
AmountOption = Annotated[str, typer.Option("--amount", metavar="COLUMN", help="For how much; below zero is a return.")]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="The last day to learn from; later ones are held out to judge by."),
]
HorizonOption = Annotated[str, typer.Option("--horizon", metavar="DURATION", help="Over how long worth is counted.")]
ZoneOption = Annotated[str, typer.Option("--time-zone", metavar="NAME", help="Whose days count: an IANA name.")]
DiscountOption = Annotated[float, typer.Option("--discount", help="A year: money later counts for less.")]
MarginOption = Annotated[float, typer.Option("--margin", help="The share of what is spent that is earned.")]
ModelOption = Annotated[str, typer.Option("--model", help="One of " + ", ".join(_MODELS) + ".")]
PosteriorOption = Annotated[
    bool, typer.Option("--posterior", help="Sample what the parameters may be, with [bayes]: minutes.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of all that is drawn.")]
FormatOption = Annotated[Format, typer.Option("--format", help="JSON holds all; CSV a row a person.")]


def clv(
    transactions: FileArgument,
    *,
    person: PersonOption,
    time: TimeOption,
    amount: AmountOption,
    until: UntilOption = None,
    horizon: HorizonOption = "365 days",
    time_zone: ZoneOption = "UTC",
    discount: DiscountOption = 0.1,
    margin: MarginOption = 1.0,
    model: ModelOption = "auto",
    posterior: PosteriorOption = False,
    seed: SeedOption = 0,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell what people will be worth who bought what a table holds, and how sure that is."""
    from kohort.cli.progress import portion, stepping
    from kohort.clock import parse_duration, zone_of
    from kohort.imports import needing_extra

    if model not in _MODELS:
        raise UsageError(f'there is no model "{model}"; take one of {", ".join(_MODELS)}')
    with needing_extra("learn", "foretelling value"):
        from kohort.learning.value.results import Foreteller
        from kohort.pipeline.learning.clv_table import day_read, read_transactions, value_table
    try:
        lasting = parse_duration(horizon)
    except ValueError as error:
        raise UsageError(f"--horizon: {error}") from error
    with stepping(f"reading {transactions.name}"):
        file = read_transactions(transactions, person=person, time=time, amount=amount, zone=zone_of(time_zone))
    for one in file.bad:
        err.print(f"left out, {one.place}: {one.reason}", markup=False)
    if file.left_out > len(file.bad):
        err.print(f"left out: {file.left_out - len(file.bad):,} more rows", markup=False)
    with portion("foretelling value") as advance:
        done = value_table(
            file,
            until=None if until is None else day_read(until),
            horizon=lasting,
            discount=discount,
            margin=margin,
            model=None if model == "auto" else Foreteller(model),
            posterior=posterior,
            seed=seed,
            progress=advance,
        )
    _show(done, form)


def _show(done: "TableValue", form: Format) -> None:
    study = done.study
    if form is Format.JSON:
        show_object(_whole(done))
        return
    _say(study)
    if form is Format.CSV:
        show_rows(list(_people(done)), (*PERSON_COLUMNS, *(_LIMITS if done.posterior else ())), form)
        return
    fitted = [one for one in (study.model, study.values) if one is not None]
    show_rows([row for one in fitted for row in _parameters(one)], _PARAMETERS, form)
    if done.posterior is not None:
        out.print()
        sampled = ((str(study.chosen), done.posterior.purchases), ("gamma_gamma", done.posterior.values))
        show_rows([row for name, one in sampled for row in _posterior_rows(name, one)], _PARAMETERS, form)
    if study.holdout is not None:
        out.print()
        show_rows([_judged(one) for one in study.holdout.judged], _JUDGED, form)
    out.print()
    show_rows(
        [
            {"decile": one.group, "people": one.people, "clv": one.worth, "low": one.low, "high": one.high,
             "share": one.share}
            for one in reversed(study.deciles)
        ],
        _DECILES,
        form,
    )  # fmt: skip


def _say(study: "ValueStudy") -> None:
    from kohort.reports.value import value_words

    for one in value_words(study):
        err.print(one.en, markup=False)


def _whole(done: "TableValue") -> Mapping[str, object]:
    """Return everything that was found, and every person."""
    from kohort.pipeline.learning.clv_table import day_written

    study, file = done.study, done.file
    told = study.told
    return {
        "rows": file.rows,
        "left_out": file.left_out,
        "bad_rows": [{"place": one.place, "reason": one.reason} for one in file.bad],
        "returns": told.returns,
        "free": told.free,
        "unknown_amounts": told.unknown,
        "same_day": told.same_day,
        "until": day_written(study.until),
        "horizon_weeks": study.terms.weeks,
        "discount": study.terms.discount,
        "margin": study.terms.margin,
        "people": study.people,
        "repeaters": study.repeaters,
        "repeat_purchases": study.repeats,
        "chosen": str(study.chosen),
        "reason": str(study.reason),
        "model": _fitted(study.model),
        "value_model": _fitted(study.values),
        "frequency_and_value": {
            "correlation": interval_object(study.correlation),
            "rank_correlation": interval_object(study.ranks),
            "is_dependent": study.is_dependent,
        },
        "posterior": None
        if done.posterior is None
        else [
            _sampled(str(study.chosen), done.posterior.purchases),
            _sampled("gamma_gamma", done.posterior.values),
        ],
        "holdout": _holdout(study.holdout),
        "total_clv": study.total.worth * study.total.people,
        "deciles": [vars(one) for one in study.deciles],
        "quartiles": [vars(one) for one in study.quartiles],
        "top": [vars(one) for one in study.top],
        "customers": list(_people(done)),
    }


def _people(done: "TableValue") -> Iterator[dict[str, object]]:
    valued, people = done.valued, done.file.people
    known, forecast, spread = valued.histories, valued.forecast, valued.spread
    columns = [
        known.frequency, known.recency, known.age, known.mean_value, forecast.purchases, forecast.value, forecast.worth,
        spread.low, spread.high, valued.decile, spread.top, forecast.active, forecast.alive,
    ]  # fmt: skip
    names = [*PERSON_COLUMNS]
    if done.posterior is not None:
        expected = done.posterior.expectations
        names += _LIMITS
        columns += [expected.purchases_low, expected.purchases_high, expected.value_low, expected.value_high]
    plain = [[None if value != value else value for value in one.tolist()] for one in columns]  # noqa: PLR0124 - NaN
    for place, values in zip(known.person.tolist(), zip(*plain, strict=True), strict=True):
        yield dict(zip(names, (people[place], *values), strict=True))


def _fitted(model: "FittedModel | None") -> Mapping[str, object] | None:
    if model is None:
        return None
    return {
        "name": model.key,
        "parameters": {
            one.name: {"estimate": one.estimate, "low": one.low, "high": one.high} for one in model.parameters
        },
        "estimator": "maximum likelihood",
        "intervals": "profile likelihood, 95 %" if model.by_profile else "curvature of the log likelihood, 95 %",
        "log_likelihood": model.log_likelihood,
        "people": model.people,
        "has_converged": model.has_converged,
    }


def _sampled(name: str, posterior: "Posterior") -> Mapping[str, object]:
    """Return what the parameters of a model may be, in the form of `_fitted`."""
    return {
        "name": name,
        "parameters": {one: interval_object(posterior.interval(one)) for one in posterior.fit.names},
        "estimator": "posterior mean, default priors of pymc-marketing",
        "intervals": "quantiles of the posterior, 95 %",
        "log_likelihood": posterior.fit.log_likelihood,
        "people": posterior.fit.people,
        "has_converged": posterior.fit.has_converged,
    }


def _holdout(held: "Holdout | None") -> Mapping[str, object] | None:
    from kohort.pipeline.learning.clv_table import day_written

    if held is None:
        return None
    return {
        "from": day_written(held.split + 1),
        "weeks": held.weeks,
        "people": held.people,
        "purchases": held.purchases,
        "spent": held.spent,
        "models": [_judged(one, whole=True) for one in held.judged],
        "over_same_rate": interval_object(held.over_same_rate),
        "over_last_period": interval_object(held.over_last_period),
        "by_frequency": [_calibration(one) for one in held.by_frequency],
        "by_decile": [_calibration(one) for one in held.by_decile],
    }


def _judged(one: "Judged", *, whole: bool = False) -> dict[str, object]:
    def shown(found: "Interval | None") -> object:
        return interval_object(found) if whole else None if found is None else found.estimate

    return {
        "model": str(one.key),
        "purchases": one.purchases,
        "error": shown(one.purchases_error),
        "correlation": one.correlation,
        "score": shown(one.score),
        "deviance": shown(one.deviance),
        "area": shown(one.area),
        "captured": one.captured,
        "spent": one.spent,
        **({"spent_error": shown(one.spent_error)} if whole else {}),
    }


def _calibration(one: "CalibrationRow") -> Mapping[str, object]:
    return {
        **{name: value for name, value in vars(one).items() if not name.endswith("_made")},
        "purchases_made": interval_object(one.purchases_made),
        "active_made": interval_object(one.active_made),
        "spent_made": interval_object(one.spent_made),
    }


def _posterior_rows(name: str, posterior: "Posterior") -> Iterator[Mapping[str, object]]:
    for one in posterior.fit.names:
        found = posterior.interval(one)
        about = {"model": f"{name} (posterior)", "parameter": one}
        yield {**about, "estimate": found.estimate, "low": found.low, "high": found.high}


def _parameters(model: "FittedModel") -> Iterator[Mapping[str, object]]:
    for one in model.parameters:
        about = {"model": model.key, "parameter": one.name}
        yield {**about, "estimate": one.estimate, "low": one.low, "high": one.high}
