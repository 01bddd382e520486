"""The kernel engine passes the published suite with its kernels in numba, which decide 64 people at once."""

from kohort.engines.kernel.choice import compiled_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.testing.columns import history_of
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World


class TestKernelEngine(EngineSuite):
    def engine_of(self, world: World) -> KernelEngine:
        return KernelEngine(history_of(world, size=64), world.catalog, compiled_kernels())
