"""A webhook hears of failed runs and late days; a receiver that is away breaks nothing."""

import json
import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from fakes.processes import free_port

from phoenix_core.errors import ConfigInvalid
from phoenix_dagster.automation import notification
from phoenix_dagster.automation.notification import failure_sensor, webhook
from phoenix_dagster.resources import Workspace
from phoenix_dagster.settings import Settings, read_settings

CANARY = "T0/B0/canary"


@contextmanager
def receiver(code=200):
    """A webhook, with the bodies that it got."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(code)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - a redirect would come as one

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{CANARY}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nobody_is_told_by_default(make_defs, tmp_path):
    """Without an address there is no such sensor."""
    names = {sensor.name for sensor in make_defs(tmp_path, tmp_path).sensors}
    assert not {name for name in names if name.startswith("notify")}
    assert webhook(Settings()) is None


@pytest.mark.parametrize(("form", "body"), [("json", {"text": "t", "day": "d"}), ("slack", {"text": "t"})])
def test_the_form_is_the_settings(form, body):
    """Plain JSON carries the facts beside the text, Slack's form the text alone."""
    with receiver() as (url, got):
        assert webhook(Settings(notify_url=url, notify_format=form))("t", {"day": "d"}, logging.getLogger())
    assert got == [(f"/{CANARY}", body)]


@pytest.mark.parametrize("code", [302, 404, 500, None])
def test_a_receiver_that_fails_is_logged_without_its_address(caplog, code):
    """One line, no exception, no redirect followed, no secret."""
    with receiver(code or 200) as (there, got):
        url = there if code else f"http://127.0.0.1:{free_port()}/{CANARY}"
        assert not webhook(Settings(notify_url=url))("t", {}, logging.getLogger("x"))
    assert len(got) == (code is not None)
    assert "PHOENIX_NOTIFY_URL did not take a message" in caplog.text
    assert CANARY not in caplog.text


@contextmanager
def dripping():
    """A receiver that answers a byte each tenth of a second, and never ends its headers."""
    stopped = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not stopped.wait(0.1):
                connection.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/{CANARY}"
    finally:
        stopped.set()
        thread.join()
        server.close()


def test_a_receiver_that_drips_is_left(caplog, monkeypatch):
    """Each byte comes in time and the whole never does: the total is bounded, and nothing stays behind."""
    monkeypatch.setattr(notification, "_SECONDS", 2.0)
    started = time.monotonic()
    with dripping() as url:
        assert not webhook(Settings(notify_url=url))("t", {}, logging.getLogger("x"))
    assert time.monotonic() - started < 10
    assert "PHOENIX_NOTIFY_URL did not take a message: no answer within 2 s" in caplog.text
    assert CANARY not in caplog.text


def test_the_address_is_in_no_log_of_a_tick(make_defs, tmp_path, instance, capfd):
    """Not in what a tick returns, what is logged, any file, or what `ps` could show: it comes over standard input."""
    with receiver(500) as (url, got):
        defs = make_defs(tmp_path / "data", tmp_path, notify_url=url, sensor_days=1, end=date(2024, 3, 26))
        sensor = defs.resolve_sensor_def("notify_late_days")
        resources = {"workspace": Workspace(data=str(tmp_path / "data"), archive_url=str(tmp_path))}
        with dg.build_sensor_context(instance=instance, resources=resources) as context:
            data = sensor.evaluate_tick(context)
    assert len(got) == 1
    assert json.loads(data.cursor) == {"um:BTCUSDT": ""}, "what nobody took is told again"
    said = "".join(capfd.readouterr())
    assert "did not take a message: HTTP 500" in said
    assert CANARY not in f"{data} {said} {notification._POST} {sensor.description}"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def test_a_failed_run_is_told_with_its_reason(instance):
    """Which run, and the sentence of the step that failed."""

    @dg.op
    def breaks():
        raise dg.Failure("The zip is not what was published.")

    @dg.job
    def work():
        breaks()

    result = work.execute_in_process(instance=instance, raise_on_error=False)
    (entry,) = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    told = []
    sensor = failure_sensor(lambda text, facts, _log: told.append((text, facts)))
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_event=entry.dagster_event,
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()
    sensor(context)
    ((text, facts),) = told
    assert text == "Phoenix: work failed: breaks: The zip is not what was published."
    assert facts["run_id"] == result.run_id


def test_late_days_are_told_once(make_defs, tmp_path, instance):
    """The second tick of the same days is silent; one that nobody took is told again."""
    with receiver() as (url, got):
        defs = make_defs(tmp_path, tmp_path, notify_url=url, sensor_days=1, end=date(2024, 3, 26))
        sensor = defs.resolve_sensor_def("notify_late_days")
        resources = {"workspace": Workspace(data=str(tmp_path), archive_url=str(tmp_path))}
        cursor = None
        for _ in range(2):
            with dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources) as context:
                cursor = sensor.evaluate_tick(context).cursor
    ((_, body),) = got
    assert body["text"].startswith("Phoenix: um:BTCUSDT is late: 2024-03-26 lacks agg_trades, trades,")


def test_an_address_that_is_none_is_refused_unrepeated(monkeypatch):
    """It may still be a secret."""
    monkeypatch.setenv("PHOENIX_NOTIFY_URL", f"hooks.slack.com/{CANARY}")
    with pytest.raises(ConfigInvalid, match="PHOENIX_NOTIFY_URL") as raised:
        read_settings()
    assert CANARY not in str(raised.value)
