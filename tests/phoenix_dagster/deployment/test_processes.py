"""A process is taken for no other, and none is taken for gone that can't be seen."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from phoenix_dagster.deployment.processes import _ROOT_NAMESPACE, Identity, Verdict


@pytest.fixture
def here():
    return Identity.own()


def test_this_process_lives(here):
    """Also after its identity was written down and read again."""
    assert Identity.parse(str(here)) == here
    assert here.verdict(here) is Verdict.LIVES


def test_an_ended_process_is_gone(here):
    """Its id is free."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    assert replace(here, pid=process.pid).verdict(here) is Verdict.GONE


def test_a_zombie_is_gone(here):
    """Its parent has not asked for its exit code, and it will do nothing more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert replace(here, pid=process.pid).verdict(here) is Verdict.GONE
    process.wait(30)


def test_an_id_that_was_given_anew_is_another_process(here):
    """Start times tell them apart."""
    assert replace(here, started="1").verdict(here) is Verdict.GONE


def test_a_boot_ends_all_processes_of_a_machine(here):
    """After a power cut, whatever now has the id."""
    here = replace(here, namespace=_ROOT_NAMESPACE)
    assert replace(here, boot="an earlier one").verdict(here) is Verdict.GONE


@pytest.mark.parametrize("change", [{"machine": "elsewhere"}, {"namespace": "pid:[1]"}])
def test_what_cannot_be_seen_is_not_known(here, change):
    """Another machine and another container, even where the id is nobody's here."""
    assert replace(here, pid=2**22 + 1, **change).verdict(here) is Verdict.UNKNOWN


def test_a_container_on_another_boot_is_not_known(here):
    """Numbers of containers' process tables repeat on other machines."""
    here = replace(here, namespace="pid:[4026532000]")
    assert replace(here, boot="another").verdict(here) is Verdict.UNKNOWN


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[1]", '{"pid": 1}'])
def test_what_names_no_process_is_none(text):
    """Tags can be edited by hand."""
    assert Identity.parse(text) is None
