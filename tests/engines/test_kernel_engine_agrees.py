"""Law: the kernel engine gives the members that the slow, obvious reference gives, with either kernels."""

import pytest
from hypothesis import HealthCheck, given, settings

from kohort.engines.kernel.choice import Kernels, compiled_kernels, plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.reference import Reference
from kohort.testing.columns import history_of
from kohort.testing.worlds import World, worlds


@pytest.mark.parametrize("kernels", [plain_kernels(), compiled_kernels()], ids=["numpy", "numba"])
def test_the_kernel_engine_gives_the_members_of_the_reference(kernels: Kernels) -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(worlds())
    def agrees(world: World) -> None:
        found = KernelEngine(history_of(world), world.catalog, kernels).evaluate(world.rules, world.at)
        expected = Reference(world.people, world.catalog, world.at).evaluate(world.rules)
        assert {name: members.to_pylist() for name, members in found.members.items()} == expected

    agrees()
