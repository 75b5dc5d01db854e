"""From the name of a system to the system: `store.toml`, or `store.py:MyStore`."""

import importlib.util
import sys
from pathlib import Path

from harness.systems import declared
from harness.systems.claims import check_names
from harness.systems.named import Own
from harness.wrong import Wrong, near
from replicas.own import OwnStore

_FORMS = "write a .toml file, or a .py file, a colon and a class, such as store.py:MyStore"


def load(file: str) -> OwnStore:
    """A system that is ready to be started. What is wrong with it is said before anything is."""
    path, _, name = file.partition(":")
    if not path.endswith((".toml", ".py")) or path.endswith(".py") != bool(name):
        raise Wrong("--system", f"{file!r} is no system", _FORMS)
    if not Path(path).is_file():
        what = f"there is no file {path} in {Path.cwd()}"
        raise Wrong("--system", what, "check the path: it counts from the folder in which Urushi is run")
    own = declared.read(Path(path)) if path.endswith(".toml") else _made(Path(path), name)
    check_names(list(own.promises), f"{file}: promises")
    return own


def named(file: str) -> Own:
    """What a plan keeps of it."""
    own = load(file)
    return Own(file, list(own.promises), links=own.links, disk=own.disk)


def _made(path: Path, name: str) -> OwnStore:
    where = f"{path}:{name}"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: S101 - it ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.absolute().parent))  # its neighbours can be imported, as if it were run
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        raise Wrong(str(path), f"it cannot be imported: {type(problem).__name__}: {problem}", "correct it") from problem
    finally:
        sys.path.pop(0)
    found = getattr(module, name, None)
    classes = [each for each, it in vars(module).items() if isinstance(it, type) and issubclass(it, OwnStore)]
    if not isinstance(found, type) or not issubclass(found, OwnStore):
        what = "there is none of this name that is a replicas.own.OwnStore"
        raise Wrong(where, what, near(name, [each for each in classes if each != "OwnStore"]))
    try:
        return found()
    except TypeError as problem:  # what it lacks, in Python's words
        raise Wrong(where, str(problem), "replicas/own.py says what a class must have") from None
