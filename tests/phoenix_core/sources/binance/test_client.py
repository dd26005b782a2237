"""The client against a server that misbehaves."""

import hashlib

import pytest
from fakes.archive_server import Answer
from fakes.zips import AGG_HEADER, DAY, UM, agg_rows, put_day, put_sidecar

from phoenix_core.datasets import AGG_TRADES
from phoenix_core.errors import (
    ChecksumMismatch,
    ConfigInvalid,
    SourceForbidden,
    SourceRefused,
    SourceUnreachable,
    TransferIncomplete,
)
from phoenix_core.sources.binance.client import Archive
from phoenix_core.sources.binance.keys import key_of_day

KEY = key_of_day(AGG_TRADES, UM, DAY)
TEXT = AGG_HEADER + agg_rows((1, "69903.5", "0.014", 14, "true"))


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(server, waits):
    return Archive(server.url, sleep=waits.append, timeout=(2.0, 2.0))


def fetch(client, tmp_path, *, max_bytes=1 << 20):
    expected = client.published_sha256(KEY)
    return client.download(KEY, tmp_path / "got.zip", expected=expected, max_bytes=max_bytes)


def test_a_file_is_downloaded_and_verified(client, server, tmp_path):
    """Two requests: the checksum and the zip, whose bytes arrive unchanged."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    fetched = fetch(client, tmp_path)
    assert fetched.verified
    assert fetched.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (tmp_path / "got.zip").read_bytes() == path.read_bytes()
    assert server.requests == ["/" + KEY.checksum_path, "/" + KEY.path]


def test_a_folder_is_an_archive(server, tmp_path):
    """The same files without HTTP."""
    put_day(server.root, AGG_TRADES, TEXT)
    assert fetch(Archive(str(server.root)), tmp_path).verified
    assert server.requests == []


def test_a_missing_sidecar_is_reported(client, server, tmp_path):
    """The file is there, and said to be unverified."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    path.with_name(path.name + ".CHECKSUM").unlink()
    assert not fetch(client, tmp_path).verified


@pytest.mark.parametrize("status", [404, 403])
def test_a_missing_file_is_none(client, server, tmp_path, status):
    """404 and an object store's 403 both mean that there is no such key."""
    for path in (KEY.checksum_path, KEY.path):
        server.script(path, Answer(status, b"<Error><Code>AccessDenied</Code></Error>"))
    assert fetch(client, tmp_path) is None


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_what_is_transient_is_tried_again(client, server, tmp_path, waits, status):
    """Two failures are waited out, longer each time."""
    put_day(server.root, AGG_TRADES, TEXT)
    server.script(KEY.path, Answer(status), Answer(status))
    assert fetch(client, tmp_path).verified
    assert len(waits) == 2
    assert 1 <= waits[0] <= 2 <= waits[1] <= 4


def test_retry_after_is_honoured(client, server, tmp_path, waits):
    """The server's own number of seconds is waited."""
    put_day(server.root, AGG_TRADES, TEXT)
    server.script(KEY.path, Answer(429, headers={"Retry-After": "17"}))
    fetch(client, tmp_path)
    assert waits == [17.0]


def test_retries_end(client, server, waits):
    """After five attempts the last error stands."""
    server.script(KEY.checksum_path, *[Answer(503)] * 9)
    with pytest.raises(SourceUnreachable, match="503"):
        client.published_sha256(KEY)
    assert len(server.requests) == 5


def test_a_short_body_is_noticed(client, server, tmp_path):
    """A body that ends before its announced length is fetched again."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    body = path.read_bytes()
    server.script(KEY.path, Answer(body=body[:50], announced=len(body)))
    assert fetch(client, tmp_path).verified


def test_a_body_that_is_always_short_fails(client, server, tmp_path):
    """And the error gives expected and found."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    body = path.read_bytes()
    server.script(KEY.path, *[Answer(body=body[:50], announced=len(body))] * 5)
    with pytest.raises(TransferIncomplete):
        fetch(client, tmp_path)


def test_a_wrong_checksum_is_asked_twice_and_refused(client, server, tmp_path):
    """Both are fetched again once; then the error names both digests."""
    path = put_day(server.root, AGG_TRADES, TEXT)
    put_sidecar(path, "a" * 64)
    with pytest.raises(ChecksumMismatch, match=r"a{64}"):
        fetch(client, tmp_path)
    assert server.requests.count("/" + KEY.path) == 2


def test_a_replacement_between_two_requests_settles(client, server, tmp_path):
    """The old checksum with the new zip is no corruption."""
    put_day(server.root, AGG_TRADES, TEXT)
    stale = f"{'b' * 64}  {KEY.path.rsplit('/', 1)[-1]}".encode()
    server.script(KEY.checksum_path, Answer(body=stale))
    assert fetch(client, tmp_path).verified


def test_html_with_200_is_refused(client, server, tmp_path):
    """A captive portal's page is not saved as a zip."""
    put_day(server.root, AGG_TRADES, TEXT)
    server.script(KEY.path, Answer(body=b"<html>Welcome"))
    with pytest.raises(SourceRefused, match="not a zip"):
        fetch(client, tmp_path)


def test_a_redirect_is_refused(client, server, tmp_path):
    """The archive never redirects, so whoever does is not the archive."""
    put_day(server.root, AGG_TRADES, TEXT)
    server.script(KEY.path, Answer(302, headers={"Location": "http://169.254.169.254/"}))
    with pytest.raises(SourceRefused, match=r"169\.254"):
        fetch(client, tmp_path)


@pytest.mark.parametrize("status", [401, 418, 451])
def test_a_refusal_is_final(client, server, status):
    """One request, no retry."""
    server.script(KEY.checksum_path, Answer(status))
    with pytest.raises(SourceForbidden, match=str(status)):
        client.published_sha256(KEY)
    assert len(server.requests) == 1


def test_a_file_above_the_limit_is_refused(client, server, tmp_path):
    """By its announced length, before the body."""
    put_day(server.root, AGG_TRADES, TEXT)
    with pytest.raises(SourceRefused, match="larger than any such file"):
        fetch(client, tmp_path, max_bytes=10)


def test_an_unreachable_archive_says_so(waits):
    """One line with the address and what to do."""
    client = Archive("http://127.0.0.1:1", sleep=waits.append)
    with pytest.raises(SourceUnreachable, match="PHOENIX_ARCHIVE_URL"):
        client.published_sha256(KEY)
    assert len(waits) == 4


def test_no_wait_is_silent(waits, caplog):
    """Before each pause: what failed, which attempt it was, and how long until the next."""
    client = Archive("http://127.0.0.1:1", sleep=waits.append)
    with pytest.raises(SourceUnreachable):
        client.published_sha256(KEY)
    told = [record.getMessage() for record in caplog.records if record.name == "phoenix_core.sources.binance.client"]
    assert [text.rsplit(" Attempt ", 1)[-1] for text in told] == [
        f"{attempt} of 5; next in {seconds:.0f} s." for attempt, seconds in enumerate(waits, 1)
    ]
    assert all("ECONNREFUSED" in text for text in told)


def test_a_server_that_speaks_no_tls_is_unreachable(server, waits):
    """Asked by https, a server of plain http can not answer."""
    client = Archive(server.url.replace("http:", "https:"), sleep=waits.append)
    with pytest.raises(SourceUnreachable, match="can't be reached"):
        client.published_sha256(KEY)


@pytest.mark.parametrize("url", ["ftp://x", "nowhere/at/all", "s3://bucket", "http://"])
def test_a_url_that_is_no_archive_is_refused(url):
    """Neither http nor a folder that exists."""
    with pytest.raises(ConfigInvalid, match="PHOENIX_ARCHIVE_URL"):
        Archive(url)


@pytest.mark.slow
def test_a_drip_is_ended(client, server, tmp_path, monkeypatch):
    """Ten bytes a second are not waited for: after the time of grace the download is given up and tried again."""
    monkeypatch.setattr("phoenix_core.sources.binance.client._STALL_SECONDS", 0.4)
    path = put_day(server.root, AGG_TRADES, TEXT)
    server.script(KEY.path, *(Answer(body=path.read_bytes(), drip=0.1) for _ in range(4)))
    assert fetch(client, tmp_path).verified
    server.script(KEY.path, *(Answer(body=path.read_bytes(), drip=0.1) for _ in range(9)))
    with pytest.raises(SourceUnreachable, match="drips"):
        fetch(client, tmp_path)


def test_a_size_is_asked_for_without_the_file(client, server):
    """One HEAD request; None where there is no file."""
    assert client.size(KEY) is None
    path = put_day(server.root, AGG_TRADES, TEXT)
    assert client.size(KEY) == path.stat().st_size
    assert Archive(str(server.root)).size(KEY) == path.stat().st_size
