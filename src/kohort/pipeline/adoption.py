"""The settings that the tables depend on: recorded in the journal when `kohort.yaml` changes, read from the tables."""

import msgspec

from kohort.definitions.identity import IdentityDefinition
from kohort.definitions.project import ProjectDefinition
from kohort.storage.journals import OpenJournal
from kohort.storage.records import SettingsAdopted
from kohort.storage.tables import Tables


def adopt_settings(settings: ProjectDefinition, journal: OpenJournal, tables: Tables, now: int) -> bool:
    """Record what `kohort.yaml` says where that is new; return whether it was. The tables are up to date."""
    adopted = adopted_settings(tables)
    before = adopted[-1] if adopted else SettingsAdopted(IdentityDefinition(), {})
    wanted = SettingsAdopted(settings.identity, settings.consent.categories())
    if msgspec.to_builtins(wanted) == msgspec.to_builtins(before):
        return False
    journal.append("settings", [msgspec.json.encode(wanted)], recorded_at=now)
    return True


def adopted_settings(tables: Tables) -> list[SettingsAdopted]:
    """Return all settings that were ever adopted, oldest first."""
    rows = sorted(tables.read("settings").to_pylist(), key=lambda row: int(row["seq"]))
    return [
        SettingsAdopted(
            msgspec.json.decode(row["identity"], type=IdentityDefinition),
            msgspec.json.decode(row["purposes"], type=dict[str, tuple[str, ...]]),
        )
        for row in rows
    ]


def identity_in_force(tables: Tables) -> IdentityDefinition:
    """Return how people are told apart by the settings adopted last."""
    settings = adopted_settings(tables)
    return settings[-1].identity if settings else IdentityDefinition()


def adopted_purposes(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Return the categories of every purpose that was ever in force, as it was last: rules may still speak of it."""
    found: dict[str, tuple[str, ...]] = {}
    for settings in adopted_settings(tables):
        found |= settings.purposes
    return found
