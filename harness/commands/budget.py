"""A budget of time, as an option."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from harness.wrong import Wrong

_UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


def _seconds(_shape: Any, tokens: Sequence[Token]) -> float:
    text, place = tokens[0].value, tokens[0].keyword or ""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(s|min|h|)", text, re.ASCII)
    if found is None:
        raise Wrong(place, f"{text!r} is no time", "write one such as 60s or 5min")
    if float(found[1]) == 0:
        raise Wrong(place, "no time at all is too little", "write one such as 60s or 5min")
    return float(found[1]) * _UNITS[found[2]]


Budget = Annotated[float, Parameter(converter=_seconds, show_default=lambda seconds: f"{seconds:g}s")]
