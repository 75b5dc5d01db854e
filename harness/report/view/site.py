"""What is answered to which path: the list, a run's page, a run's files."""

import os
import threading
from collections import OrderedDict
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from checkers import files
from checkers.history import OddHistory
from harness.report import html
from harness.report.failures import words
from harness.report.runpage import page, written
from harness.report.view.index import Index
from harness.wrong import Wrong

PAGES_KEPT_MAX = 8
_MAKES_A_PAGE = ("plan.json", "verdict.json", "history.jsonl")
_TEXT = (".json", ".jsonl", ".log", ".txt", ".html", ".md", ".toml")  # shown as they are, whatever they contain
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Answer(NamedTuple):
    """`content` is for the one who takes it to close."""

    status: HTTPStatus
    headers: dict[str, str]
    content: BinaryIO


def page_of(text: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    content = text.encode()
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content))}
    return Answer(status, {**_ALWAYS, **headers}, BytesIO(content))


def saying(status: HTTPStatus, said: str) -> Answer:
    return page_of(html.render("view/said.html", ("shared/base.css",), (), {"said": said}), status)


def file_of(path: Path) -> Answer:
    """A log may have anything in it: no browser takes it for more than text."""
    kind = "text/plain; charset=utf-8" if path.suffix in _TEXT else "application/octet-stream"
    size = str(path.stat().st_size)
    headers = {"Content-Type": kind, "Content-Length": size, "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Answer(HTTPStatus.OK, {**_ALWAYS, **headers}, path.open("rb"))


def elsewhere(place: str) -> Answer:
    return Answer(HTTPStatus.FOUND, {**_ALWAYS, "Location": place, "Content-Length": "0"}, BytesIO())


class Site:
    """Keeps the latest pages that it made, as long as what they are made of stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._index = Index(self._folder)
        self._pages: OrderedDict[Path, tuple[object, str]] = OrderedDict()
        self._making = threading.Lock()

    def answer(self, target: str) -> Answer:
        try:
            return self._answer(unquote(urlsplit(target).path)) or saying(HTTPStatus.NOT_FOUND, "there is no such page")
        except (Wrong, files.BrokenHistory, OddHistory) as problem:
            return saying(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem))
        except Exception as problem:  # noqa: BLE001 - the last line of defence: who asked is told, others are served on
            return saying(HTTPStatus.INTERNAL_SERVER_ERROR, words(problem))

    def _answer(self, path: str) -> Answer | None:
        match path.split("/"):
            case ["", ""]:
                return page_of(self._index.page())
            case ["", "runs", run] if run:
                return elsewhere(f"/runs/{quote(run)}/")  # links in its page are to files beside it
            case ["", "runs", run, ""]:
                folder = self._within(run)
                return page_of(self._page(folder)) if folder and _is_file(folder / "plan.json") else None
            case ["", "runs", run, *names]:
                file = self._within(run, *names)
                return file_of(file) if file and _is_file(file) else None
        return None

    def _within(self, *names: str) -> Path | None:
        """None for what is not in the folder, also by a link that leads out of it."""
        if any(name in ("", ".", "..") or "\0" in name for name in names):
            return None
        found = self._folder.joinpath(*names).resolve()
        return found if found.is_relative_to(self._folder) else None

    def _page(self, folder: Path) -> str:
        with self._making:
            stats = [(folder / name).stat() for name in _MAKES_A_PAGE if (folder / name).is_file()]
            stamp = [(each.st_mtime_ns, each.st_size) for each in stats]
            kept = self._pages.pop(folder, None)
            made = kept[1] if kept and kept[0] == stamp else page.page(written.read(folder), folder / written.PAGE)
            self._pages[folder] = stamp, made
            if len(self._pages) > PAGES_KEPT_MAX:
                self._pages.popitem(last=False)
            return made


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - a name too long is none, and pathlib raises for it
