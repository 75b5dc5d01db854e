"""What a client says for what it wants: with a context if it has one, that is if it has read the key it writes."""

from replicas.system import Kind, Level

from .visits import ClientMessage, Delete, DeleteAfter, Get, Put, PutAfter


def request(
    op: int, kind: Kind, key: str, value: str | None, level: Level | None, context: str | None
) -> ClientMessage:
    if kind == "get":
        return Get(op, key, level)
    if kind == "delete":
        return Delete(op, key, level) if context is None else DeleteAfter(op, key, level, context)
    return Put(op, key, value or "", level) if context is None else PutAfter(op, key, value or "", level, context)
