"""The pytest plugin. It is loaded in every session of whoever has Urushi installed, so it imports next to nothing:
what performs and judges is imported when a test asks for it."""

from typing import Any

import pytest

from harness.testing import marks, options

pytest_plugins = ("harness.testing.fixtures", "harness.testing.reports")


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", marks.MARK)
    config.stash[options.SETTINGS] = options.settings_of(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """To each worker of pytest-xdist."""
    node.workerinput["urushi"] = options.for_worker(node.config.stash[options.SETTINGS])


def pytest_report_header(config: pytest.Config) -> str:
    return f"urushi: --urushi-seed {config.stash[options.SETTINGS].seed}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks.parametrize(metafunc)
