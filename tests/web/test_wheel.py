"""A wheel holds all that the pages need: built, unpacked elsewhere, and asked for them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PATHS = (
    "/",
    "/segments",
    "/segments/vip",
    "/build",
    "/changes",
    "/people",
    "/discover",
    "/events",
    "/sources",
    "/importance",
    "/value",
    "/models",
    "/duplicates",
    "/quality",
)
STATIC = (
    "studio.css",
    "builder.css",
    "builder/builder.js",
    "parts.js",
    "fragment.js",
    "events.js",
    "upload.js",
    "icon.svg",
)
PROGRAM = """
import sys
from pathlib import Path
import kohort
from studio_desk import studio
from kohort.project import Project

assert sys.argv[1] in kohort.__file__, kohort.__file__
with studio(Project.create(Path(sys.argv[2]) / "shop")) as found:
    for path in sys.argv[3:]:
        for language in ("en", "fr"):
            answer = found.get(path, language)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
print("served")
"""


def test_every_page_is_served_from_a_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("kohort-*.whl")
    place = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as files:
        files.extractall(place)
    paths = [*PATHS, *(f"/static/{one}" for one in STATIC)]
    desks = [str(place), str(ROOT / "tests"), str(ROOT / "tests" / "web")]
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {desks!r}\n{PROGRAM}", str(place), str(tmp_path), *paths],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ran.stdout.strip() == "served", ran.stderr
