"""A run that breaks promises, and its page, for the tests of a session."""

from pathlib import Path

import pytest

from harness.report.runpage.subject import Subject
from tests.harness.report.runpage import timelines


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return timelines.subject(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def file(broken: Subject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return timelines.written(broken, tmp_path_factory.mktemp("pages") / "run.html")
