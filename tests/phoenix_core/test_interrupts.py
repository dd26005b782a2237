"""An interrupt inside a library's callback ends the process instead of changing what is computed."""

import subprocess
import sys

import pytest

from phoenix_core.interrupts import EXIT_CODE, ended_by_swallowed_interrupts

DIGEST = """
import contextlib, sys
from decimal import Decimal
from pydantic import BaseModel
from phoenix_core.interrupts import ended_by_swallowed_interrupts

class Interrupted(Decimal):
    def __str__(self):
        raise KeyboardInterrupt

class Model(BaseModel):
    value: Decimal

with ended_by_swallowed_interrupts() if sys.argv[1] == "guarded" else contextlib.nullcontext():
    print(Model.model_construct(value=Interrupted(1)).model_dump(mode="json"))
"""


@pytest.mark.parametrize(
    ("how", "code", "said"), [("plain", 0, "unprintable Interrupted object"), ("guarded", EXIT_CODE, "")]
)
def test_pydantic_swallows_interrupts(how, code, said):
    """Pinned: plain, the value comes out wrong and nobody hears of the interrupt."""
    done = subprocess.run([sys.executable, "-c", DIGEST, how], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert said in done.stdout
    assert bool(done.stdout) == bool(said)


def test_other_unraisable_errors_go_where_they_went(monkeypatch):
    """And afterwards everything is as before."""
    heard = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)

    class Careless:
        def __del__(self):
            raise ValueError("in a finalizer")

    with ended_by_swallowed_interrupts():
        Careless()
    assert [type(told.exc_value) for told in heard] == [ValueError]
    assert sys.unraisablehook == heard.append
