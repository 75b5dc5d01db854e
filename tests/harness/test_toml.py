"""TOML files that come with Urushi."""

from pathlib import Path

import pytest

from harness.toml import texts_in


def test_what_python_keeps_beside_the_files_is_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a command failed for everybody whose Python writes down what it compiles."""
    folder = tmp_path / "of_ours"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("b.toml", "a.toml", "__init__.py"):
        (folder / name).write_text(f"# {name}")
    monkeypatch.syspath_prepend(tmp_path)
    assert texts_in("of_ours") == {"a": "# a.toml", "b": "# b.toml"}
    assert list(texts_in("of_ours")) == ["a", "b"]
