"""An archive's address is an http(s) URL or a folder that exists; logins are covered by `test_secrets.py`."""

from pathlib import Path

import pytest

from phoenix_core.errors import ConfigInvalid
from phoenix_core.sources.binance.address import base_url, folder_of, without_login


def test_a_url_loses_its_last_slash_and_nothing_else():
    """Keys are appended to it with a slash of their own."""
    assert base_url("https://data.binance.vision/") == ("https://data.binance.vision", False)
    assert base_url("http://127.0.0.1:8080/mirror//") == ("http://127.0.0.1:8080/mirror", False)
    assert folder_of("https://data.binance.vision") is None


def test_a_folder_is_named_by_its_path_or_by_a_file_url(tmp_path):
    """With blanks quoted, in a URL; the base is a URL either way."""
    folder = tmp_path / "my archive"
    folder.mkdir()
    for address in (str(folder), folder.as_uri()):
        assert "%20" in folder.as_uri()
        assert folder_of(address) == folder
        assert base_url(address) == (folder.as_uri(), True)


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    """And a relative path counts from where we are."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_of("~/mirror") == tmp_path / "mirror"
    monkeypatch.chdir(tmp_path)
    assert folder_of("mirror") == tmp_path / "mirror"


@pytest.mark.parametrize("address", ["ftp://data.binance.vision", "https://", "s3://bucket/data", "no/such/folder"])
def test_any_other_address_is_refused(address):
    """By name of the setting that holds it."""
    with pytest.raises(ConfigInvalid, match=r"^PHOENIX_ARCHIVE_URL is "):
        base_url(address)
    with pytest.raises(ConfigInvalid, match=r"^PHOENIX_OTHER is "):
        folder_of(address, "PHOENIX_OTHER")
    with pytest.raises(ConfigInvalid, match=r"^PHOENIX_OTHER holds a login"):
        folder_of("https://name:word@mirror.example", "PHOENIX_OTHER")


def test_a_file_is_no_folder(tmp_path):
    """Not even one that exists."""
    (tmp_path / "x.zip").touch()
    with pytest.raises(ConfigInvalid, match="a folder that exists"):
        folder_of(str(tmp_path / "x.zip"))


def test_an_at_sign_is_a_login_only_before_the_host():
    """In a path it is a letter like others."""
    assert without_login("https://mirror.example/a@b") == "https://mirror.example/a@b"
    assert Path(without_login("/data/a@b")) == Path("/data/a@b")
