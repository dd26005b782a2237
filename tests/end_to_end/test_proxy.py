"""The proxy of docs/operation.md, as it stands there: who has no login gets nothing, who has one gets the UI."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from fakes.environment import unavailable
from fakes.processes import ROOT, free_port, running, until_it_answers

DOCUMENTED = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "operation.md").read_text(), re.DOTALL)[1]


def program(name):
    return shutil.which(name) or unavailable(f"no {name} on this machine")


def configured(folder: Path, port: int, ui_port: str) -> Path:
    """The documented server with places and ports of its own, in the smallest configuration around it."""
    openssl = program("openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=phoenix.example",
         "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,keyCertSign,digitalSignature",
         "-keyout", folder / "phoenix.key", "-out", folder / "phoenix.pem"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    hashed = subprocess.run([openssl, "passwd", "-6", "right"], check=True, capture_output=True, text=True, timeout=60)
    (folder / "phoenix.htpasswd").write_text(f"someone:{hashed.stdout.strip()}\n")
    places = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/": f"{folder}/",
        "/etc/nginx/": f"{folder}/",
        "127.0.0.1:3000": f"127.0.0.1:{ui_port}",
    }
    server = DOCUMENTED
    for documented, here in places.items():
        assert documented in server
        server = server.replace(documented, here)
    user = "user root;" if Path("/root").owner() == Path(folder).owner() else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{server}}}\n"
    )
    return path


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The UI behind nginx."""
    nginx = program("nginx")
    folder = tmp_path_factory.mktemp("proxy")
    ui, port = free_port(), free_port()
    # The webserver alone: what lies behind it is not asked.
    webserver = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(ui), "--empty-workspace"]
    with running(webserver, folder, folder / "ui.log", DAGSTER_HOME=str(folder)) as behind:
        until_it_answers(f"http://127.0.0.1:{ui}", behind, folder / "ui.log")
        process = subprocess.Popen([nginx, "-c", configured(folder, port, str(ui))])
        try:
            deadline = time.monotonic() + 200
            while not (folder / "nginx.pid").is_file() or not (folder / "nginx.pid").read_text().strip():
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield f"https://127.0.0.1:{port}", str(folder / "phoenix.pem")
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("login", [None, ("someone", "wrong"), ("nobody", "right")])
@pytest.mark.parametrize("path", ["/", "/server_info", "/graphql", "/logs/x"])
def test_nothing_without_a_login(proxied, login, path):
    """Neither pages nor the API."""
    url, certificate = proxied
    assert requests.get(url + path, auth=login, verify=certificate, timeout=60).status_code == 401


def test_the_ui_with_a_login(proxied):
    """The page, a question to the API, and the socket by which it updates itself."""
    url, certificate = proxied
    browser = requests.Session()
    browser.auth = ("someone", "right")
    assert "dagster" in browser.get(url, verify=certificate, timeout=60).text.lower()
    answered = browser.post(f"{url}/graphql", json={"query": "{ version }"}, verify=certificate, timeout=60)
    assert answered.json()["data"]["version"]
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "cGhvZW5peHBob2VuaXhwaA==", "Sec-WebSocket-Protocol": "graphql-ws",
    }  # fmt: skip
    with browser.get(f"{url}/graphql", headers=upgrade, stream=True, verify=certificate, timeout=60) as switched:
        assert switched.status_code == 101
