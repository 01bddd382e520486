"""A chart as SVG that lives inside a page: it follows the page's colours, and names itself to screen readers."""

import re
from typing import Final
from xml.etree import ElementTree as ET

from kohort.reports.palette import VARIABLES
from kohort.reports.theme import AnyChart

_SVG: Final = "http://www.w3.org/2000/svg"
_LONG_DECIMAL: Final = re.compile(r"-?\d+\.\d{2,}")
_COORDINATES: Final = frozenset({"d", "transform", "x", "y", "x1", "y1", "x2", "y2"})
_PAINTS: Final = frozenset({"fill", "stroke"})
_SUPERFLUOUS: Final = frozenset({"class", "role", "font-family", "pointer-events", "width", "height", "version"})


def render_svg(chart: AnyChart, *, name: str, title: str, description: str) -> str:
    """Return `chart` as an SVG element; nothing is loaded from anywhere.

    Colours of the palette become CSS variables, the font is the page's, and `name`, unique on the page, begins every
    id. `title` and `description` are what a screen reader says.

    >>> import altair as alt
    >>> from kohort.reports.theme import rows, style
    >>> chart = style(alt.Chart(rows([{"a": "<b>", "n": 1}])).mark_bar(color="#1f6f9f").encode(x="n:Q", y="a:N"))
    >>> svg = render_svg(chart, name="sizes", title="Sizes", description="One bar.")
    >>> svg.startswith("<svg"), "var(--accent)" in svg, "&lt;b&gt;" in svg, "<b>" in svg
    (True, True, True, False)
    """
    # Altair's validation would double the time of a page; the tests validate every chart instead.
    import vl_convert  # noqa: PLC0415 - V8, which a server has no use for before a page with a chart is asked for

    drawn = vl_convert.vegalite_to_svg(chart.to_dict(validate=False), allowed_base_urls=[])
    root = ET.fromstring(drawn)  # noqa: S314 - drawn here, from a chart made here
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        element.attrib = {key: _attribute(key, value, name) for key, value in element.attrib.items() if _is_needed(key)}
    _drop_invisible(root)
    root.attrib |= {"xmlns": _SVG, "role": "img", "aria-labelledby": f"{name}-title {name}-description"}
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        described = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        described.text = text
        root.insert(position, described)
    return ET.tostring(root, encoding="unicode")


def _is_needed(key: str) -> bool:
    return key not in _SUPERFLUOUS and not key.startswith("aria-")


def _attribute(key: str, value: str, name: str) -> str:
    if key in _PAINTS and value in VARIABLES:
        return f"var({VARIABLES[value]})"
    if key == "id":
        return f"{name}-{value}"
    if value.startswith("url(#"):
        return value.replace("url(#", f"url(#{name}-", 1)
    if key in _COORDINATES:
        return _LONG_DECIMAL.sub(lambda number: f"{float(number[0]):.1f}", value)
    return value


def _drop_invisible(element: ET.Element) -> None:
    """Remove paths that draw nothing: Vega leaves one behind each group."""
    for child in list(element):
        _drop_invisible(child)
        if child.tag == "path" and (child.get("d") in {"", "M0,0h0v0h0Z"} or child.get("display") == "none"):
            element.remove(child)
