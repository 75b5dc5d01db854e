"""The parts of a replica that a flaw may replace. A flaw is a set of parts in which one decision is wrong."""

from collections.abc import Callable
from typing import NamedTuple

from .antientropy import AntiEntropy
from .copies import Copies
from .core import Core
from .hints import Hints
from .joining import Joining
from .kinds.clocks import NodeClocks
from .kinds.full import Full
from .kinds.incremental import Incremental
from .kinds.keys import Keys
from .kinds.kind import Kind
from .kinds.log import Log
from .kinds.rows import Rows
from .kinds.trees import Trees
from .merkle import Tree
from .purging import Purging
from .reads import Reads
from .repairs import Repairs
from .scrubbing import Scrubbing
from .sending import Sending
from .storage import Storage
from .substitutes import Substitutes
from .turns import Turns
from .versions import LastWriterWins
from .writes import Writes

KINDS: dict[str, type[Kind]] = {
    "merkle": Trees,
    "full": Full,
    "keys": Keys,
    "rows": Rows,
    "log": Log,
    "clocks": NodeClocks,
}


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
    substitutes: type[Substitutes] = Substitutes
    joining: type[Joining] = Joining
    entropy: type[AntiEntropy] = AntiEntropy
    kinds: dict[str, type[Kind]] = KINDS
    sending: type[Sending] = Sending
    turns: type[Turns] = Turns
    incremental: type[Incremental] = Incremental
    purging: type[Purging] = Purging
    scrubbing: type[Scrubbing] = Scrubbing
    storage: Callable[[Storage], Storage] = _as_it_is  # the shell wraps its disk with this


SOUND = Parts()
