"""A store that may misbehave: `odd_store.py HOST PORT [how]`. Its nodes know nothing of each other."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from time import sleep  # noqa: TID251 - it is a real process

COPIES: dict[str, str | None] = {}
ASKED_MAX = 5


def main() -> None:
    host, port, how = sys.argv[1], int(sys.argv[2]), (*sys.argv[3:], "")[0]
    if how == "ends at once":
        sys.exit("no licence was found")
    if how == "is never ready":
        say("warming up")
        sleep(1000)
    if how == "forks":
        subprocess.Popen(["/bin/sleep", "1000"])
        subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
    door = socket.create_server((host, port))
    say("open for business")
    asked = iter(range(ASKED_MAX))
    while True:
        threading.Thread(target=serve, args=(door.accept()[0], how, asked)).start()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def serve(connection: socket.socket, how: str, asked: Iterator[int]) -> None:
    for line in connection.makefile():
        if line.startswith("GET "):
            connection.sendall(b"HTTP/1.1 503 Not yet\r\n\r\n" if how == "is not well" else b"HTTP/1.1 200 OK\r\n\r\n")
            connection.close()
            return
        if how and next(asked, None) is None:
            if how == "ends in the middle":
                say("panic: index out of range")
                os._exit(7)
            if how == "hangs in the middle":
                sleep(1000)
        request = json.loads(line)
        if request["kind"] != "get":
            COPIES[request["key"]] = request["value"]
        reply = {"op": request["op"], "outcome": "ok", "value": COPIES.get(request["key"])}
        connection.sendall(json.dumps(reply).encode() + b"\n")


if __name__ == "__main__":
    main()
