"""A page as its parser sees it: each element with its attributes and all the text in it."""

from html.parser import HTMLParser
from typing import NamedTuple

_EMPTY = {"meta", "link", "input", "br", "img", "hr"}
_APART = {"td", "th", "dt", "dd", "li", "p", "h1", "h2", "h3", "summary", "caption"}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str | None]
    parts: list[str]

    def text(self) -> str:
        """As it is shown: spaces in a row are one."""
        return " ".join("".join(self.parts).split())

    def has_class(self, name: str) -> bool:
        return name in (self.attributes.get("class") or "").split()


class Parsed(HTMLParser):
    """`elements` are in the order in which they begin."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self._open, f"not closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> ends nothing"
        assert self._open[-1].tag == tag, f"</{tag}> within <{self._open[-1].tag}>"
        self._open.pop()
        if tag in _APART:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def all(self, tag: str, name: str = "") -> list[Element]:
        return [each for each in self.elements if each.tag == tag and (not name or each.has_class(name))]

    def named(self, name: str) -> Element:
        (found,) = [each for each in self.elements if each.attributes.get("id") == name]
        return found

    def links(self) -> dict[str, str]:
        """Where to, by their text; the last of one text."""
        return {each.text(): each.attributes["href"] or "" for each in self.all("a")}
