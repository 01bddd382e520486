"""Reads a page as a browser would: elements, attributes, texts and tables."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "input", "link", "hr"}


@dataclass
class Element:
    """An element, its attributes, and all text inside it."""

    tag: str
    attributes: dict[str, str | None]
    path: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements of a document in the order of their start tags."""

    source: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(one.tag for one in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(one.tag for one in self.open)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.unmatched.append(tag)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def text(self) -> str:
        return " ".join(" ".join(element.text.split()) for element in self.all("body"))

    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return tags and names of attributes outside of charts."""
        return [(one.tag, tuple(one.attributes)) for one in self.elements if "svg" not in one.path and one.tag != "svg"]

    def tables(self) -> dict[str, list[list[str]]]:
        """Return the rows of each table, heads first, by its caption."""
        found: dict[str, list[list[str]]] = {}
        rows: list[list[str]] = []
        for element in self.elements:
            if element.tag == "caption":
                rows = found[element.text.strip()] = []
            elif element.tag == "tr":
                rows.append([])
            elif element.tag in {"th", "td"}:
                rows[-1].append(" ".join(element.text.split(" ")).strip().replace("\n", " "))
        return found
