"""The command `urushi`."""

import os
import sys
import warnings
from importlib import metadata

from cyclopts import App, CycloptsError
from rich.markup import escape

from checkers import files
from checkers.history import OddHistory
from harness import run as runs
from harness.report import failures
from harness.wrong import Wrong

app = App(
    name="urushi",
    version=lambda: metadata.version("urushi"),
    help="Breaks replicas on purpose and proves that they mend.\n\n"
    "Example: `urushi run default --seed 7 --stage simulation`",
    help_format="markdown",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
_COMMANDS = {
    "run": "performing:run",
    "suite": "suiting:suite_",
    "canary": "suiting:canary",
    "campaign": "campaigning:campaign",
    "compare": "comparing:compare",
    "zoo": "zoo:zoo",
    "study": "studying:study",
    "replay": "reproducing:replay",
    "shrink": "reproducing:shrink",
    "explain": "reproducing:explain",
    "pin": "reproducing:pin",
    "watch": "watching:watch",
    "report": "seeing:report",
    "view": "seeing:view",
    "check": "checking:check",
    "plan": "performing:plan",
    "export": "checking:export",
    "list": "looking:list_",
    "doctor": "looking:doctor",
}
for _name, _place in _COMMANDS.items():  # imports nothing yet: only the module of the command that is called will be
    app.command(f"harness.commands.{_place}", name=_name)


def _note(message: Warning | str, *_where: object, **_line: object) -> None:
    failures.say(f"[yellow]note:[/] {escape(str(message))}")


def main() -> None:
    """Exit codes: 0 holds, 1 a promise was broken, 2 wrong usage, 3 inconclusive, 4 the harness itself failed, or a
    system of the user's could not be driven."""
    warnings.showwarning = _note
    try:
        if len(sys.argv) == 1 or sys.argv[1].startswith("-"):
            _ = [app[name] for name in _COMMANDS]  # the list of commands says what each does
        code = app(sys.argv[1:], exit_on_error=False, print_error=True)
    except CycloptsError:
        code = 2
    except (Wrong, files.BrokenHistory, OddHistory) as problem:
        failures.say(f"[bold red]wrong:[/] {escape(str(problem))}")
        code = 2
    except KeyboardInterrupt:
        failures.say("stopped by Ctrl-C; what was started has been ended")
        code = 130
    except Exception as problem:  # noqa: BLE001 - the last line of defence: an error of ours is exit code 4, not 1
        failures.tell(problem, runs.RUNS)
        code = 4
    sys.stdout.flush()
    os._exit(code) if code == 130 else sys.exit(code)


if __name__ == "__main__":
    main()
