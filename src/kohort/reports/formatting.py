"""Numbers, money, times and foreign text, as the report writes them.

Thousands are set apart by a narrow no-break space, which reads the same in English and in French.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kohort.definitions.values import MICRO

NARROW_SPACE: Final = "\u202f"
MINUS: Final = "−"
LONGEST_TEXT: Final = 2_000
_LONGEST_LABEL: Final = 30
_SMALLEST_P: Final = 0.001
_SHOWN_SHARE: Final = 0.0005
_REPLACEMENT: Final = "\ufffd"
# Controls, lone surrogates and noncharacters break markup; marks of direction can make a name say what it is not.
_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def count(number: int) -> str:
    """Write a whole number.

    >>> count(1_469_307).replace(NARROW_SPACE, "_"), count(-5)
    ('1_469_307', '−5')
    """
    return f"{number:,}".replace(",", NARROW_SPACE).replace("-", MINUS)


def decimal(number: float, places: int = 2) -> str:
    """Write a number with a fixed count of decimals.

    >>> decimal(-0.257), decimal(0.0004, 2)
    ('−0.26', '0.00')
    """
    return f"{round(number, places) + 0.0:,.{places}f}".replace(",", NARROW_SPACE).replace("-", MINUS)


def percent(share: float, places: int = 1) -> str:
    """Write a share between 0 and 1; what is neither nothing nor everything is never rounded to either.

    >>> [percent(share).replace(NARROW_SPACE, "_") for share in (0.984, 0.00001, 0.99999, 1.0)]
    ['98.4_%', '<_0.1_%', '>_99.9_%', '100.0_%']
    """
    if places == 1 and 0 < share < _SHOWN_SHARE:
        return f"<{NARROW_SPACE}0.1{NARROW_SPACE}%"
    if places == 1 and 1 - _SHOWN_SHARE < share < 1:
        return f">{NARROW_SPACE}99.9{NARROW_SPACE}%"
    return f"{decimal(100 * share, places)}{NARROW_SPACE}%"


def percent_range(low: float, high: float) -> str:
    """Write an interval of shares, without the signs of percent.

    >>> percent_range(0.961, 0.994)
    '[96.1–99.4]'
    """
    between = " to " if low < 0 else "–"
    return f"[{decimal(100 * low, 1)}{between}{decimal(100 * high, 1)}]"


def money(micros: int, currency: str) -> str:
    """Write an amount in whole units, or with two decimals below a hundred.

    >>> money(8_057_463_500_000, "USD").replace(NARROW_SPACE, "_"), money(12_345_678, "EUR").replace(NARROW_SPACE, "_")
    ('8_057_464_USD', '12.35_EUR')
    """
    amount = micros / MICRO
    return f"{decimal(amount, 2 if abs(amount) < 100 else 0)}{NARROW_SPACE}{currency}"  # noqa: PLR2004 - three digits


def probability(p_value: float) -> str:
    """Write a p-value.

    >>> probability(0.0000001), probability(0.0312)
    ('< 0.001', '0.031')
    """
    return f"< {_SMALLEST_P}" if p_value < _SMALLEST_P else f"{p_value:.3f}"


def date(time: datetime) -> str:
    """Write the day of a time.

    >>> date(datetime(2017, 12, 1, 9, 30))
    '1 December 2017'
    """
    return f"{time.day} {time:%B %Y}"


def timestamp(time: datetime) -> str:
    """Write a time to the minute with its zone.

    >>> from datetime import UTC
    >>> timestamp(datetime(2017, 12, 1, 9, 30, tzinfo=UTC))
    '1 December 2017, 09:30 UTC'
    """
    return f"{date(time)}, {time:%H:%M %Z}".rstrip()


def clean(text: str, longest: int = LONGEST_TEXT) -> str:
    r"""Return foreign text without characters that break markup or hide what is written, and not endless.

    >>> clean("VIP\x00\u202egnp"), clean("abcdef", 4)
    ('VIP��gnp', 'abc…')
    """
    safe = _UNSAFE.sub(_REPLACEMENT, text[: longest + 1])
    return safe if len(safe) <= longest else safe[: longest - 1] + "…"


def axis_labels(names: Sequence[str], longest: int = _LONGEST_LABEL) -> list[str]:
    r"""Return names as short, distinct, one-line labels of at most `longest` characters.

    >>> axis_labels(["VIP", "VIP", "a\nb"])
    ['VIP', 'VIP (2)', 'a b']
    """
    labels: list[str] = []
    for name in names:
        short = clean(" ".join(name.split()), longest) or "–"
        label, number = short, 1
        while label in labels:
            number += 1
            label = f"{short} ({number})"
        labels.append(label)
    return labels
