"""A client that may misbehave: `odd_client.py [how]`."""

import contextlib
import json
import socket
import sys
from time import sleep  # noqa: TID251 - it is a real process

ODD = {
    "prints garbage": "Connected to the server!",
    "prints a list": "[1, 2]",
    "answers nobody": '{"op": 424242, "outcome": "ok"}',
    "has an outcome of its own": '{"op": %d, "outcome": "great"}',
    "reads a number": '{"op": %d, "outcome": "ok", "value": 7}',
    "leaves out the outcome": '{"op": %d}',
}


def main() -> None:
    how = (*sys.argv[1:], "")[0]
    if how == "ends":
        sys.exit("no route to the moon")
    turned: list[str] = []
    for line in sys.stdin:
        request = json.loads(line)
        if how in ODD:
            say(ODD[how].replace("%d", str(request["op"])))
        elif how == "is silent":
            sleep(1000)
        elif how == "turns replies round":
            turned.append(asked(request))
            if len(turned) == 2:
                say(f"{turned.pop()}\n{turned.pop()}")
        else:
            say(asked(request))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def asked(request: dict[str, object]) -> str:
    line = ""
    with contextlib.suppress(OSError), socket.create_connection((request["host"], request["port"]), 1) as node:  # type: ignore[arg-type]
        node.sendall(json.dumps(request).encode() + b"\n")
        line = node.makefile().readline()
    return line.strip() or json.dumps({"op": request["op"], "outcome": "unknown"})


if __name__ == "__main__":
    main()
