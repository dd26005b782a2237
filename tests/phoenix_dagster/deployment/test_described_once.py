"""A code server describes its location once, whoever asks and however many at a time."""

import threading
from types import SimpleNamespace

import pytest
from dagster._core.remote_representation.external_data import RepositoryErrorSnap
from dagster._grpc import server
from dagster._serdes import serialize_value

from phoenix_dagster.deployment.described_once import describe_once

METHOD = "_get_serialized_external_repository_data"
ASKED = SimpleNamespace(serialized_repository_python_origin="symbols_1", defer_snapshots=True)


@pytest.fixture
def described(monkeypatch):
    """Dagster's method replaced by one that counts, then mended; what was described, and what to ask."""
    answers, said = [], []

    def describe(_server, request):
        said.append(request)
        return answers.pop(0) if answers else f"text {len(said)}"

    original = getattr(server.DagsterApiServer, METHOD)
    monkeypatch.setattr(server.DagsterApiServer, METHOD, getattr(original, "__wrapped__", original))
    assert callable(getattr(server.DagsterApiServer, METHOD))
    monkeypatch.setattr(server.DagsterApiServer, METHOD, describe)
    describe_once()
    describe_once()  # of several locations in one process: still one
    return said, answers, lambda asked=ASKED: getattr(server.DagsterApiServer, METHOD)(None, asked)


def test_who_asks_at_once_is_given_one_description(described):
    """Eight, as webserver and daemon at a start."""
    said, _, ask = described
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["text 1"] * 8
    assert len(said) == 1


def test_another_question_has_another_answer(described):
    """Without deferring jobs a description is another one; each is kept."""
    _, _, ask = described
    whole = SimpleNamespace(serialized_repository_python_origin="symbols_1", defer_snapshots=False)
    assert [ask(), ask(whole), ask(), ask(whole)] == ["text 1", "text 2", "text 1", "text 2"]


def test_an_error_is_not_kept(described):
    """It may pass; Dagster gives it as a text like any other."""
    _, answers, ask = described
    answers.append(serialize_value(RepositoryErrorSnap(error=None)))
    assert "ExternalRepositoryErrorData" in ask()
    assert ask() == ask() == "text 2"


def test_both_requests_of_dagster_come_by_it():
    """Whole or in pieces, a description is made by the method that is mended; if Dagster renames it, this fails."""
    for request in (server.DagsterApiServer.ExternalRepository, server.DagsterApiServer.StreamingExternalRepository):
        assert METHOD in request.__code__.co_names
