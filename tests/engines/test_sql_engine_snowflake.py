"""The SQL engine passes the published suite on Snowflake, which fakesnow plays, graded gaps apart."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from kohort.testing.gaps import GapsApart
from kohort.testing.relations import relations_of
from kohort.testing.snowflake import SnowflakeStore, fill_snowflake, open_fakesnow
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World

# fakesnow reads its DuckDB by a way that DuckDB 2 advises against.
pytestmark = [pytest.mark.stores, pytest.mark.filterwarnings("ignore:Arrow output on a DB-API:UserWarning")]


# Snowflake divides numbers exactly, and fakesnow in floating point, which has 53 bits.
LARGEST_MEAN = "9223372036854.775807"


class TestSqlEngineOnSnowflake(EngineSuite):
    store: ClassVar[SnowflakeStore]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _connected(cls) -> Iterator[None]:
        pytest.importorskip("fakesnow", reason="fakesnow has an environment of its own: make test-stores")
        with open_fakesnow() as cls.store:
            yield

    def engine_of(self, world: World) -> GapsApart:
        fill_snowflake(self.store, relations_of(world))
        return GapsApart(self.store, world)

    def test_a_mean_is_rounded_half_even_to_six_places(self, totals: list[str], mean: str) -> None:
        if mean != LARGEST_MEAN:
            super().test_a_mean_is_rounded_half_even_to_six_places(totals, mean)
            return
        with pytest.raises(Exception, match=r"Type DOUBLE .* out of range"):
            super().test_a_mean_is_rounded_half_even_to_six_places(totals, mean)

    test_a_mean_is_rounded_half_even_to_six_places.pytestmark = (  # type: ignore[attr-defined]
        EngineSuite.test_a_mean_is_rounded_half_even_to_six_places.pytestmark  # type: ignore[attr-defined]
    )
