"""Signals end a process: once in order, twice at once, and also where a library swallows the exception."""

import signal
import subprocess
import sys
import time

import pytest

BEGIN = """
import os, signal, sys, time
from phoenix_dagster.operation.interrupts import Interrupts, ended_at_once
def words(): print("last words", flush=True)
"""
ORDERLY = """
interrupts = Interrupts(words)
try:
    with interrupts:
        print("ready", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("in order", interrupts.received, flush=True)
"""
DEAF = """
said = "ready"
with Interrupts(words):
    while True:
        try:
            print(said, flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            said = "swallowed"
"""
IN_A_CALLBACK = """
class Swallowing:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(60)
with Interrupts(words):
    Swallowing()
    time.sleep(60)
"""
DAGSTER = """
from dagster._utils.interrupts import capture_interrupts, check_captured_interrupt
with Interrupts(words) as interrupts, capture_interrupts():
    print("ready", flush=True)
    while not interrupts.received:
        time.sleep(0.01)
    time.sleep(0.2)
    print("in order", check_captured_interrupt(), flush=True)
"""
IMPORTING = """
with ended_at_once():
    print("ready", flush=True)
    time.sleep(60)
"""


def ended(code, *signals):
    """Send signals to a process that is ready, each after it said a line; its exit code and what it said."""
    process = subprocess.Popen([sys.executable, "-c", BEGIN + code], stdout=subprocess.PIPE, text=True)
    said = []
    for number in signals:
        said.append(process.stdout.readline().strip())
        if len(said) > 1:
            time.sleep(0.7)  # two at once count as one: a terminal that closes sends two
        process.send_signal(number)
    said += process.communicate(timeout=30)[0].split("\n")
    return process.returncode, [line for line in said if line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_in_order(number):
    """Ctrl-C, a service manager and a closed terminal alike."""
    assert ended(ORDERLY, number) == (0, ["ready", "in order True"])


def test_two_signals_end_at_once():
    """Whatever happens to the first, the second ends the process, after its last words."""
    code, said = ended(DEAF, signal.SIGINT, signal.SIGINT)
    assert (code, said[:2], said[-1]) == (130, ["ready", "swallowed"], "last words")


def test_an_exception_that_is_swallowed_ends_at_once():
    """Python reports it as unraisable and would go on."""
    assert ended(IN_A_CALLBACK, signal.SIGTERM) == (130, ["ready", "last words"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_dagsters_own_handlers_hear_of_it(number):
    """While a run is at work they stand in place of ours; of SIGHUP they would know nothing."""
    assert ended(DAGSTER, number) == (0, ["ready", "in order True"])


def test_an_import_ends_without_a_word():
    """Nothing is under way yet."""
    assert ended(IMPORTING, signal.SIGTERM) == (130, ["ready"])
