"""What computing traits by family costs, against pandas of the same traits, in CPU seconds of the same run.

    python benchmarks/traits.py [--people 1000000] [--events 10000000] [--peer-people 100000] [--kinds visits ...]

Events are made with a fixed seed: of ten, seven are pages of visits, with a referrer of 10,000 and a user agent of
2,000; two are of e-mail (sent, opened, clicked); one is an order. Kohort reads them from the kernel's columns, as a run
does; pandas groups a frame of the peer's people, with as many events each, by person, and computes as much. Each side
runs in a process of its own; its peak memory is above that of the process with its data. Sums of what both found are
compared.
"""

import argparse
import resource
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pyarrow as pa
from ua_parser import parse

from kohort.clock import DAY, HOUR, MINUTE, Moment
from kohort.definitions.devices import DevicesDefinition
from kohort.definitions.engagement import ContactChannel, EngagementDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.definitions.visits import VisitsDefinition
from kohort.engines.columns import BLOCK, Block, Column, History, Rows
from kohort.pipeline.families.devices import device_scores
from kohort.pipeline.families.engagement import engagement_scores
from kohort.pipeline.families.gathering import Everybody
from kohort.pipeline.families.visits import visit_scores
from kohort.profiles.behaviour import behaviour_traits
from kohort.profiles.demographics import banded, date_in, generation_of, meant, years
from kohort.rules.catalog import Catalog

AT: Moment = 1_772_323_200_000_000
SPAN = 365 * DAY
SHARES = {"page_viewed": 0.7, "email_sent": 0.1, "email_opened": 0.07, "email_clicked": 0.03, "order_completed": 0.1}
TEXTS = {"referrer": "referrer", "user_agent": "user_agent"}
EMAIL = ContactChannel("email", "email_sent", "email_opened", "email_clicked")
Found = Mapping[str, float]


@dataclass(frozen=True)
class Spent:
    """What one side took: CPU and wall seconds, peak memory above the data in MB, and sums of what it found."""

    cpu: float
    wall: float
    memory: float
    found: Found


def texts() -> dict[str, tuple[str, ...]]:
    hosts = ("www.google.com", "www.bing.com", "www.facebook.com", "t.co", "mail.google.com", "blog.example.org")
    referrers = tuple(f"https://{hosts[number % 6]}/{number}" for number in range(10_000))
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{}.0.{}.0 Safari/537.36"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS {}_{} like Mac OS X) Version/17.0 Mobile/1 Safari/604.1"
    agents = tuple((windows if number % 2 else phone).format(10 + number % 20, number) for number in range(2_000))
    return {"referrer": referrers, "user_agent": agents}


def everybody(people: int, events: int) -> Everybody:
    """Return people with their events: visits in bursts of some minutes, at random in a year."""
    random, dictionaries, blocks = np.random.default_rng(0), texts(), []
    for start in range(0, people, BLOCK):
        size = min(BLOCK, people - start)
        rows = {}
        for name, share in SHARES.items():
            count = round(events / people * size * share)
            who = random.integers(0, size, count, dtype=np.int32)
            # Five visits a person, around moments that are theirs.
            burst = (who.astype(np.int64) * 7_919 + random.integers(0, 5, count) * 104_729) % (SPAN // HOUR)
            ts = AT - SPAN + burst * HOUR + random.integers(0, 40 * MINUTE, count)
            order = np.argsort(ts, kind="stable")
            columns = {}
            if name == "page_viewed":
                for column, dictionary in dictionaries.items():
                    codes = random.integers(-1, len(dictionary), count).astype(np.int16)
                    columns[column] = Column(codes, dictionary)
            elif name == "order_completed":
                columns["total"] = Column(random.integers(1, 200, count) * MICRO)
            rows[name] = Rows(who[order], ts[order], columns)
        blocks.append(Block(np.zeros(size, np.int64), rows, {}))
    kinds = {name: {ValueType.TEXT: name} for name in TEXTS}
    catalog = Catalog(events={name: kinds if name == "page_viewed" else {} for name in SHARES})
    return Everybody(History(pa.array([f"p{one:07d}" for one in range(people)]), blocks), catalog, "Europe/Paris")


def frame(whole: Everybody, *names: str) -> pd.DataFrame:
    """Return the events of these names as pandas has them, in the order of time, as the kernel's columns are."""
    parts = []
    for start, block in zip(whole.history.starts(), whole.history.blocks, strict=True):
        for name in names:
            rows = block.events[name]
            part = pd.DataFrame({"person": rows.people + start, "ts": rows.ts, "name": name})
            for column, held in rows.columns.items():
                codes = held.values  # noqa: PD011 - no frame
                if held.dictionary:
                    part[column] = pd.Categorical.from_codes(codes, list(held.dictionary))
                else:
                    part[column] = codes
            parts.append(part)
    return pd.concat(parts, ignore_index=True).sort_values("ts", kind="stable", ignore_index=True)


def by_person(data: pd.DataFrame) -> pd.DataFrame:
    return data.sort_values(["person", "ts"], kind="stable", ignore_index=True)


def sums(table: pa.Table, **wanted: str) -> Found:
    columns = {name: table.column(trait).drop_null().to_numpy() / MICRO for name, trait in wanted.items()}
    return {name: float(values.sum()) for name, values in columns.items()}


def our_visits(whole: Everybody) -> Found:
    definition = VisitsDefinition("visits", ("page_viewed",), ("page_viewed",))
    table, _ = visit_scores(whole, definition, AT)
    return sums(table, visits="visits", minutes="site_minutes", search="visit_search_share")


def their_visits(data: pd.DataFrame) -> Found:
    data = by_person(data)
    hosts = pd.Series(data["referrer"].cat.categories).str.extract(r"//([^/]+)/")[0]
    channel = hosts.map(lambda host: "search" if host in {"www.google.com", "www.bing.com"} else "else")
    data = data.assign(
        channel=pd.Series(channel.to_numpy()[data["referrer"].cat.codes]).where(data["referrer"].notna())
    )
    gap = data.groupby("person")["ts"].diff()
    data["visit"] = (gap.isna() | (gap > 30 * MINUTE)).cumsum()
    visits = data.groupby("visit").agg(
        person=("person", "first"),
        begin=("ts", "first"),
        end=("ts", "last"),
        pages=("ts", "size"),
        channel=("channel", "first"),
    )
    visits["minutes"] = (visits["end"] - visits["begin"]) / MINUTE
    local = pd.to_datetime(visits["begin"], unit="us", utc=True).dt.tz_convert("Europe/Paris")
    visits["evening"], visits["weekend"] = local.dt.hour >= 17, local.dt.dayofweek >= 5
    visits["bounce"], visits["recent"] = visits["pages"] == 1, visits["begin"] > AT - 30 * DAY
    visits["interval"] = visits.groupby("person")["begin"].diff() / DAY
    traits = visits.groupby("person").agg(
        visits=("pages", "size"), minutes=("minutes", "sum"), mean=("minutes", "mean"), pages=("pages", "mean"),
        bounce=("bounce", "mean"), recent=("recent", "sum"), last=("end", "max"), interval=("interval", "mean"),
        spread=("interval", "std"), evening=("evening", "mean"), weekend=("weekend", "mean"),
    )  # fmt: skip
    shares = pd.crosstab(visits["person"], visits["channel"].fillna("direct"), normalize="index")
    return {"visits": traits["visits"].sum(), "minutes": traits["minutes"].sum(), "search": shares["search"].sum()}


def our_engagement(whole: Everybody) -> Found:
    definition = EngagementDefinition("engagement", (EMAIL,), conversion="order_completed")
    table, _ = engagement_scores(whole, definition, AT)
    return sums(table, sent="messages_sent", opened="messages_opened", clicked="messages_clicked")


def their_engagement(data: pd.DataFrame) -> Found:
    data = by_person(data)
    data["message"] = (data["name"] == "email_sent").groupby(data["person"]).cumsum()
    at = data["ts"].where(data["name"] == "email_sent").groupby(data["person"]).ffill()
    data = data[(data["message"] > 0) & (data["ts"] - at <= 7 * DAY)].assign(sent=at)
    early = data["ts"] - data["sent"] <= 3 * DAY
    flags = pd.DataFrame({name: (data["name"] == name) & early for name in SHARES if name.startswith("email")})
    flags["converted"] = data["name"] == "order_completed"
    messages = flags.groupby([data["person"], data["message"]]).any()
    messages["sent"] = data.groupby(["person", "message"])["sent"].first()
    messages["opened"] = messages["email_opened"] | messages["email_clicked"]
    timely = messages[messages["sent"] <= AT - 3 * DAY]
    traits = timely.groupby("person").agg(
        sent=("sent", "size"),
        opened=("opened", "sum"),
        clicked=("email_clicked", "sum"),
        converted=("converted", "sum"),
    )
    for name in ("opened", "clicked", "converted"):
        traits[f"{name}_rate"] = (traits[name] + 10 * traits[name].sum() / traits["sent"].sum()) / (traits["sent"] + 10)
    traits["index"] = (
        traits[["opened_rate", "clicked_rate", "converted_rate"]].rank(pct=True).clip(0.05, 0.95).mean(axis=1)
    )
    return {name: float(traits[name].sum()) for name in ("sent", "opened", "clicked")}


def our_devices(whole: Everybody) -> Found:
    table, _ = device_scores(whole, DevicesDefinition("devices"), AT)
    return sums(table, devices="devices", mobile="mobile_share")


def their_devices(data: pd.DataFrame) -> Found:
    data = data[data["user_agent"].notna()]
    found = [parse(text) for text in data["user_agent"].cat.categories]
    device = np.array([f"{one.device and one.device.family} {one.os and one.os.family}" for one in found])
    codes = data["user_agent"].cat.codes.to_numpy()
    data = data.assign(device=pd.Categorical(device[codes]), mobile=np.char.startswith(device, "iPhone")[codes])
    pairs = (
        data.groupby(["person", "device"], observed=True).agg(count=("ts", "size"), last=("ts", "max")).reset_index()
    )
    main = pairs.sort_values(["person", "count", "last"]).drop_duplicates("person", keep="last")
    traits = (
        data.groupby("person")
        .agg(devices=("device", "nunique"), mobile=("mobile", "mean"))
        .join(main.set_index("person"))
    )
    return {"devices": float(traits["devices"].sum()), "mobile": float(traits["mobile"].sum())}


def orders_of(whole: Everybody) -> pa.Table:
    data = by_person(frame(whole, "order_completed"))
    ids = whole.history.people.take(pa.array(data["person"].to_numpy()))
    return pa.table({"person_id": ids, "ts": data["ts"].to_numpy(), "value": data["total"].to_numpy()})


def our_behaviour(orders: pa.Table) -> Found:
    table = behaviour_traits(orders, at=AT, zone="Europe/Paris", trend=90 * DAY, shares=[], items=False, place=False)
    return sums(table, orders="orders", spent="historic_clv", interval="interval_days")


def their_behaviour(orders: pa.Table) -> Found:
    data = orders.to_pandas()
    groups = data.groupby("person_id")
    data["interval"] = groups["ts"].diff() / DAY
    local = pd.to_datetime(data["ts"], unit="us", utc=True).dt.tz_convert("Europe/Paris")
    data["evening"], data["weekend"] = local.dt.hour >= 17, local.dt.dayofweek >= 5
    traits = data.groupby("person_id").agg(
        orders=("ts", "size"), spent=("value", "sum"), mean=("value", "mean"), first=("ts", "min"), last=("ts", "max"),
        interval=("interval", "mean"), spread=("interval", "std"),
        evening=("evening", "mean"), weekend=("weekend", "mean"),
    )  # fmt: skip
    late = data["ts"].gt(AT - 90 * DAY).groupby(data["person_id"]).sum()
    early = data["ts"].between(AT - 180 * DAY, AT - 90 * DAY, inclusive="right").groupby(data["person_id"]).sum()
    traits["trend"] = (late - early) / (late + early)
    found = {
        "orders": traits["orders"].sum(),
        "spent": traits["spent"].sum() / MICRO,
        "interval": traits["interval"].sum(),
    }
    return {name: float(one) for name, one in found.items()}


def births_of(whole: Everybody) -> pa.Array:
    random = np.random.default_rng(1)
    days = random.integers(0, 30_000, len(whole.history.people))
    return pa.array([(date(1930, 1, 1) + timedelta(days=int(day))).isoformat() for day in days])


def our_demographics(births: pa.Array) -> Found:
    today = date(2026, 3, 1)
    ages = meant(births, lambda text: years(date_in(text), today), pa.int64())
    banded(ages, (18, 25, 35, 45, 55, 65))
    meant(births, lambda text: generation_of(date.fromisoformat(text)), pa.string())
    return {"years": float(ages.drop_null().to_numpy().sum() / MICRO)}


def their_demographics(births: pa.Array) -> Found:
    born = pd.to_datetime(pd.Series(births.to_pandas()), format="%Y-%m-%d")
    before = (born.dt.month > 3) | ((born.dt.month == 3) & (born.dt.day > 1))
    age = 2026 - born.dt.year - before
    pd.cut(age, [-1, 17, 24, 34, 44, 54, 64, 200])
    pd.cut(born.dt.year, [1900, 1927, 1945, 1964, 1980, 1996, 2012, 2100])
    return {"years": float(age.where(age >= 0).sum())}


Kind = tuple[Callable[..., object], Callable[..., Found], Callable[..., object], Callable[..., Found], tuple[str, ...]]
KINDS: Mapping[str, Kind] = {
    "visits": (lambda whole: whole, our_visits, frame, their_visits, ("page_viewed",)),
    "engagement": (lambda whole: whole, our_engagement, frame, their_engagement,
                   ("email_sent", "email_opened", "email_clicked", "order_completed")),
    "devices": (lambda whole: whole, our_devices, frame, their_devices, ("page_viewed",)),
    "behaviour": (orders_of, our_behaviour, orders_of, their_behaviour, ()),
    "demographics": (births_of, our_demographics, births_of, their_demographics, ()),
}  # fmt: skip


def measured(kind: str, ours: bool, people: int, events: int) -> Spent:
    """Make the data, and measure what one side does with them; runs in a process of its own."""
    our_data, our_side, their_data, their_side, names = KINDS[kind]
    whole = everybody(people, events)
    data = our_data(whole) if ours else their_data(whole, *names)
    before, cpu, wall = peak(), time.process_time(), time.perf_counter()
    found = (our_side if ours else their_side)(data)
    return Spent(time.process_time() - cpu, time.perf_counter() - wall, peak() - before, found)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(kind: str, ours: bool, people: int, events: int) -> Spent:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, kind, ours, people, events).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--peer-people", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    asked = parser.parse_args()
    peer_events = round(asked.events / asked.people * asked.peer_people)
    print(f"{asked.people:,} people × {asked.events:,} events; pandas {asked.peer_people:,} × {peer_events:,}\n")
    print("| kind | CPU s | wall s | MB | pandas CPU s | pandas MB | pandas to Kohort, CPU a person | alike |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in asked.kinds:
        whole = alone(kind, True, asked.people, asked.events)
        peer = alone(kind, False, asked.peer_people, peer_events)
        check = alone(kind, True, asked.peer_people, peer_events)
        alike = all(np.isclose(check.found[name], value, rtol=1e-4) for name, value in peer.found.items())
        ratio = peer.cpu / asked.peer_people / (whole.cpu / asked.people)
        ours = f"{whole.cpu:.1f} | {whole.wall:.1f} | {whole.memory:,.0f}"
        said = "yes" if alike else f"no: {check.found} and {peer.found}"
        print(f"| {kind} | {ours} | {peer.cpu:.1f} | {peer.memory:,.0f} | {ratio:.1f} × | {said} |", flush=True)


if __name__ == "__main__":
    main()
