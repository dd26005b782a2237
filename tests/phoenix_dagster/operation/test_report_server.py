"""Reports, and nothing else, on loopback."""

import http.client
import subprocess
import sys
import threading

import pytest
from fakes.processes import ROOT
from fakes.results import made_up_result, write_result

from phoenix_core.storage.lake import Lake
from phoenix_dagster.operation.report_server import ReportServer

RESULT = "backtests/b290a847ea04/2024-03-24_2024-03-28"


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / RESULT
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "experiment.json").write_text("{}")
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "data"


@pytest.fixture
def served(data):
    server = ReportServer(Lake.at(data), 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(server, path, method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_report_is_served(served):
    """Whole, and it may fetch nothing; no other origin is let in."""
    answer, body = ask(served, f"/{RESULT}/report.html")
    assert (answer.status, body) == (200, b"<p>report</p>")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert ask(served, f"/{RESULT}/report.html", "HEAD")[0].headers["Content-Length"] == "13"


@pytest.mark.parametrize(
    "path",
    [
        "/", f"/{RESULT}/", f"/{RESULT}/experiment.json", f"/{RESULT}/../../../../secret", "/../secret", "/%2e%2e/secret",
        f"/{RESULT}/report.html%00", f"/{RESULT}/report.html/", "//etc/passwd",
        f"/{RESULT}/%72eport.html", "/backtests/b290a847ea04/2024-03-25/report.html",
    ],
)  # fmt: skip
def test_nothing_else_is(served, path):
    """No listing, no other file, no way out of the folder."""
    answer, body = ask(served, path)
    assert answer.status == 404
    assert b"secret" not in body


def test_a_link_out_of_the_folder_is_not_followed(served, data):
    """A report that is a link is none."""
    report = data / RESULT / "report.html"
    report.unlink()
    report.symlink_to(data.parent / "secret")
    assert ask(served, f"/{RESULT}/report.html")[0].status == 404


def test_a_folder_without_a_result_has_no_report(served, data):
    """What no experiment describes is not known."""
    (data / RESULT / "experiment.json").unlink()
    assert ask(served, f"/{RESULT}/report.html")[0].status == 404


def test_a_sweeps_page_is_served(served, data):
    """Beside its table; without that it is none."""
    folder = data / "sweeps/0123456789ab/2024-03-24"
    folder.mkdir(parents=True)
    (folder / "sweep.html").write_text("<p>sweep</p>")
    assert ask(served, "/sweeps/0123456789ab/2024-03-24/sweep.html")[0].status == 404
    (folder / "sweep.json").write_text("{}")
    assert ask(served, "/sweeps/0123456789ab/2024-03-24/sweep.html")[1] == b"<p>sweep</p>"
    assert ask(served, "/sweeps/0123456789ab/2024-03-24/sweep.json")[0].status == 404


def test_a_points_report_is_made_when_it_is_asked_for(served, data):
    """A sweep leaves results without reports; once made, it stays."""
    folder = write_result(Lake.at(data), made_up_result(nets=[5]), "0123456789ab")
    assert not (data / folder / "report.html").exists()
    answer, body = ask(served, f"/{folder}/report.html")
    assert (answer.status, body[:15]) == (200, b"<!doctype html>")
    assert (data / folder / "report.html").read_bytes() == body
    (data / folder / "report.html").unlink()
    (data / folder / "equity.parquet").write_bytes(b"")
    assert ask(served, f"/{folder}/report.html")[0].status == 404


def test_another_hosts_name_is_refused(served):
    """As a page elsewhere would send it after pointing its name here."""
    assert ask(served, f"/{RESULT}/report.html", host="evil.example")[0].status == 421
    assert ask(served, f"/{RESULT}/report.html", host=f"localhost:{served.server_port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(served, method):
    """Only read."""
    assert ask(served, f"/{RESULT}/report.html", method)[0].status == 501


def test_it_ends_with_the_process_that_started_it(data, tmp_path):
    """Its standard input closes, and it is gone."""
    command = [sys.executable, "-m", "phoenix_dagster.operation.report_server", str(data), "0", str(tmp_path), "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.stdin.close()
    assert process.wait(20) == 0
