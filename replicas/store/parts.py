"""The parts of a replica that a flaw may replace. A flaw is a set of parts in which one decision is wrong."""

from collections.abc import Callable
from typing import NamedTuple

from .antientropy import AntiEntropy
from .copies import Copies
from .core import Core
from .hints import Hints
from .joining import Joining
from .merkle import Tree
from .purging import Purging
from .reads import Reads
from .repairs import Repairs
from .storage import Storage
from .versions import LastWriterWins
from .writes import Writes


def _as_it_is(storage: Storage) -> Storage:
    return storage


class Parts(NamedTuple):
    core: type[Core] = Core
    versions: type[LastWriterWins] = LastWriterWins
    tree: type[Tree] = Tree
    copies: type[Copies] = Copies
    reads: type[Reads] = Reads
    repairs: type[Repairs] = Repairs
    writes: type[Writes] = Writes
    hints: type[Hints] = Hints
    joining: type[Joining] = Joining
    entropy: type[AntiEntropy] = AntiEntropy
    purging: type[Purging] = Purging
    storage: Callable[[Storage], Storage] = _as_it_is  # the shell wraps its disk with this


SOUND = Parts()
