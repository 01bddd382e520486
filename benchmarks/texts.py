"""How well texts are read, on the third of the corpus that nothing has learned from, beside plainer readers.

    python benchmarks/texts.py            macro-F1 by language and task, with 95 % intervals of 2,000 resamples
    python benchmarks/texts.py speed      texts a CPU second, and memory, beside reading by keywords

The peers: the most frequent sentiment of training (for labels: all of them, which for macro-F1 beats giving none), and
keywords: counting the words of praise and of blame, or those of each label, of the lexicon that ships with Kohort; the
same with negations turning what follows. Every difference is on the same resamples of the same texts.
"""

import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kohort.definitions.texts import INTERESTS, LANGUAGES, THEMES
from kohort.learning.texts.corpus import LabelledText, read_corpus
from kohort.learning.texts.features import features_of, tidy
from kohort.learning.texts.judging import Labels, macro_f1_difference, macro_f1_interval, one_hot
from kohort.learning.texts.lexicon import Polarity, fold, lexicon
from kohort.learning.texts.model import CLEAR, SENTIMENTS, read_texts, shipped_model

HELD_OUT: Final = Path(__file__).parents[1] / "tests" / "learning" / "texts" / "held_out.csv"
Read = dict[str, Labels]
"""What each reader gives."""


def held_out() -> list[LabelledText]:
    return read_corpus(HELD_OUT.read_text(encoding="utf-8").splitlines())


def polarities(texts: Sequence[LabelledText]) -> list[Polarity]:
    return [lexicon().words[one.language].polarity(fold(one.text)) for one in texts]


def signs(balances: list[int]) -> Labels:
    return one_hot([SENTIMENTS[int(np.sign(one)) + 1] for one in balances], SENTIMENTS)


def tasks(texts: Sequence[LabelledText]) -> dict[str, tuple[Labels, Read]]:
    """Return for each task what is true and what each reader says; the first reader is ours."""
    seen, model = features_of([tidy(one.text) for one in texts], [one.language for one in texts]), shipped_model()
    told = polarities(texts)
    found: dict[str, tuple[Labels, Read]] = {
        "sentiment": (
            one_hot([one.sentiment for one in texts], SENTIMENTS),
            {
                "kohort": np.eye(3, dtype=bool)[model.sentiment_probabilities(seen).argmax(axis=1)],
                "majority": one_hot(["negative"] * len(texts), SENTIMENTS),
                "keywords": signs([one.plain for one in told]),
                "keywords, negations turn": signs([one.turned for one in told]),
            },
        )
    }
    for task, labels, chances, threshold, mentions in (
        ("themes", THEMES, model.theme_probabilities(seen), model.theme_threshold, seen.themes),
        ("interests", INTERESTS, model.interest_probabilities(seen), model.interest_threshold, seen.interests),
    ):
        truth = np.array([[label in getattr(one, task) for label in labels] for one in texts])
        readers = {"kohort": chances >= threshold, "majority": np.ones_like(truth), "keywords": mentions > 0}
        found[task] = truth, readers
    return found


def parts(texts: Sequence[LabelledText]) -> dict[str, np.ndarray]:
    """Return the parts of the texts that are judged."""
    language = np.array([one.language for one in texts])
    negation = np.array([one.negation for one in texts])
    found = {name: language == name for name in LANGUAGES} | {"both": np.ones(len(texts), dtype=bool)}
    return found | {f"{name}, negation": chosen & negation for name, chosen in found.items()}


def print_quality() -> None:
    texts = held_out()
    print(f"{'task':10} {'texts':14} {'n':>4}  {'reader':25} {'macro-F1':24} {'kohort is higher by'}")
    for task, (truth, readers) in tasks(texts).items():
        for part, chosen in parts(texts).items():
            for reader, read in readers.items():
                found = macro_f1_interval(truth[chosen], read[chosen])
                line = f"{task:10} {part:14} {chosen.sum():4}  {reader:25} "
                line += f"{found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})  "
                if reader != "kohort":
                    more = macro_f1_difference(truth[chosen], readers["kohort"][chosen], read[chosen])
                    line += f"{more.estimate:+.3f} ({more.low:+.3f} to {more.high:+.3f})"
                print(line.rstrip())
    print_confidence(texts)


def print_confidence(texts: Sequence[LabelledText]) -> None:
    """Say how often sentiment is clear and then right, and what confidence is worth; languages are detected."""
    readings = read_texts([one.text for one in texts])
    detected = np.mean([one.language == told.language for one, told in zip(readings, texts, strict=True)])
    print(f"\nlanguage detected: {detected:.1%} of {len(texts)}")
    pairs = list(zip(readings, texts, strict=True))
    clear = [(one, told) for one, told in pairs if one.sentiment is not None]
    right = np.mean([one.sentiment == told.sentiment for one, told in clear])
    print(
        f"sentiment clear (at least {CLEAR:.0%} likely): {len(clear) / len(texts):.1%} of texts, right in {right:.1%}"
    )
    for low, high in ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        within = [(one, told) for one, told in clear if low <= one.confidence < high]
        said = np.mean([one.confidence for one, _ in within])
        share = np.mean([one.sentiment == told.sentiment for one, told in within])
        print(
            f"  confidence {low:.1f} to {min(high, 1):.1f}: {len(within):4} texts, said {said:.1%}, right {share:.1%}"
        )


def print_speed() -> None:
    texts = [one.text for one in held_out()] * 4
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    read_texts(texts[:1])
    loaded = time.process_time()
    read_texts(texts)
    ended = time.process_time()
    for one in texts:
        lexicon().words["fr"].polarity(fold(one))
    keywords = time.process_time() - ended
    rate, plain = len(texts) / (ended - loaded), len(texts) / keywords
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{rate:,.0f} texts a CPU second, {plain / rate:.0f} times slower than counting the words of sentiment only")
    print(f"loading takes {loaded - began:.1f} CPU seconds; {(peak - base) / 1024:.0f} MB more at the peak")


if __name__ == "__main__":
    print_speed() if sys.argv[1:] == ["speed"] else print_quality()
