"""Where CDNOW's data stands for the tests."""

import os
from pathlib import Path

import pytest

CDNOW = Path(os.environ.get("KOHORT_CDNOW", Path(__file__).parents[1] / ".venv/cdnow/lifetimes/datasets"))
needs_cdnow = pytest.mark.skipif(not CDNOW.exists(), reason="CDNOW's data is missing: make .venv/cdnow/.ready")
