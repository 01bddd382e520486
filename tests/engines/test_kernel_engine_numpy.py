"""The kernel engine passes the published suite with its kernels in numpy."""

from kohort.engines.kernel.choice import plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.testing.columns import history_of
from kohort.testing.suite import EngineSuite
from kohort.testing.worlds import World


class TestKernelEngine(EngineSuite):
    def engine_of(self, world: World) -> KernelEngine:
        return KernelEngine(history_of(world), world.catalog, plain_kernels())
