"""Fit the model of texts to the training part of the corpus, and write its weights where they ship.

    python tools/fit_texts.py

Deterministic: the same corpus, lexicon and libraries give the same weights (a test fits them again). Never reads what
is held out.
"""

from pathlib import Path

from kohort.learning.texts.corpus import training_texts
from kohort.learning.texts.fitting import fit_texts

FILE = Path(__file__).parents[1] / "src" / "kohort" / "learning" / "texts" / "model.npz"


def main() -> None:
    FILE.write_bytes(fit_texts(training_texts()).content())


if __name__ == "__main__":
    main()
