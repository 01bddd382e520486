"""Write the communes of France and their postal codes, as `kohort.places.communes` reads them.

    python tools/communes.py DECOUPAGE CODES

DECOUPAGE and CODES are the folders of two unpacked packages, @etalab/decoupage-administratif (the communes of today,
those that have become part of another, and the postal codes of La Poste) and codes-postaux (the names and codes that
letters bear, as the tax office has them).
"""

import json
import lzma
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from kohort.places import communes
from kohort.places.towns import town_key

RESOURCE = Path(communes.__file__).with_name(communes.FILE)


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:  # noqa: PLR2004 - the two folders
        raise SystemExit(__doc__)
    decoupage, codes = (Path(one) for one in arguments)
    names = codes_by_name(
        json.loads((decoupage / "data" / "communes.json").read_text(encoding="utf-8")),
        json.loads((codes / "codes-postaux.json").read_text(encoding="utf-8")),
    )
    text = "".join(f"{name},{' '.join(sorted(own))}\n" for name, own in sorted(names.items()))
    RESOURCE.write_bytes(lzma.compress(text.encode(), preset=9))


def codes_by_name(official: list[dict[str, Any]], delivered: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return the postal codes of every name, one spelling for all that are equal; the official ones come first.

    The tax office's list adds names, and codes that La Poste's has nowhere; where it gives a known code to another
    commune, it is wrong too often (Rouen has one of Le Havre's).
    """
    own = {one["code"]: one["codesPostaux"] for one in official if one.get("codesPostaux")}
    known = {code for codes in own.values() for code in codes}
    for one in official:
        # A commune that has become part of another has that one's codes.
        own.setdefault(one["code"], own.get(one.get("chefLieu") or one.get("commune") or "", []))
    spelling: dict[str, str] = {}
    found = defaultdict[str, set[str]](set)
    for one in official:
        _add(found, spelling, one["nom"], own[one["code"]])
    for row in delivered:
        code = row["codePostal"]
        if code in own.get(row["codeCommune"], []) or code not in known:
            for name in (row["nomCommune"], row["libelleAcheminement"]):
                _add(found, spelling, name, [code])
    return found


def _add(found: dict[str, set[str]], spelling: dict[str, str], name: str, codes: list[str]) -> None:
    key = town_key(name)
    if key and codes:
        found[spelling.setdefault(key, name)].update(codes)


if __name__ == "__main__":
    main(sys.argv[1:])
