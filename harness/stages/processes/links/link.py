"""A link, and what it is called when a call about it fails."""

from typing import NamedTuple


class Link(NamedTuple):
    """A one-way link is a proxy: whoever dials `listen` sends to `upstream`. Both are `host:port`."""

    name: str
    listen: str
    upstream: str


class LinkError(Exception):
    """A call about a link failed: which link, which call, why, and what to do."""

    def __init__(self, link: str, call: str, why: str, remedy: str) -> None:
        super().__init__(f"link {link}: {call}: {why}. {remedy}.")
        self.link = link
        self.call = call
        self.why = why
        self.remedy = remedy
