"""Which postal codes each French town has: the communes of France, kept beside this module.

The file is made by `tools/communes.py`; communes.md beside it says from what, and under which licence.
"""

import lzma
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from kohort.places.towns import town_key

FILE: Final = "communes.csv.xz"
"""The file: a line for each name, which is followed by its postal codes, after a comma and with blanks between."""

_OVERSEAS: Final = ("97", "98")


@dataclass(frozen=True)
class Communes:
    """Towns by postal code, and postal codes by town; towns are named by their `town_key`.

    `departments` are all that have a code, by `department_of`.
    """

    towns: Mapping[str, frozenset[str]] = field(repr=False)
    codes: Mapping[str, frozenset[str]] = field(repr=False)
    departments: frozenset[str] = field(repr=False)


def department_of(code: str) -> str:
    """Return the beginning of a postal code that tells its department: two digits, three overseas; Corsica is 20.

    >>> department_of("20090"), department_of("97400")
    ('20', '974')
    """
    return code[:3] if code.startswith(_OVERSEAS) else code[:2]


@cache
def french_communes() -> Communes:
    """Return the communes of France, overseas ones too; they are read once.

    >>> sorted(french_communes().codes["havre"])
    ['76600', '76610', '76620']
    """
    return communes_of(commune_names())


def commune_names() -> dict[str, list[str]]:
    """Return the postal codes of each name as it is written, read anew from the file.

    >>> commune_names()["Le Havre"]
    ['76600', '76610', '76620']
    """
    text = lzma.decompress((files("kohort.places") / FILE).read_bytes()).decode()
    lines = (line.rpartition(",") for line in text.splitlines())
    return {name: codes.split() for name, _, codes in lines}


def communes_of(codes_by_name: Mapping[str, Sequence[str]]) -> Communes:
    """Return communes from the names of towns, however they are written, with their postal codes.

    >>> communes_of({"Le Havre": ["76600"]}).towns
    {'76600': frozenset({'havre'})}
    """
    towns, codes = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for name, own in codes_by_name.items():
        key = town_key(name)
        codes[key].update(own)
        for code in own:
            towns[code].add(key)
    return Communes(
        towns={code: frozenset(keys) for code, keys in towns.items()},
        codes={key: frozenset(own) for key, own in codes.items()},
        departments=frozenset(map(department_of, towns)),
    )
