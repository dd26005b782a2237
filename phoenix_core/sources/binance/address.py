"""Where an archive is: an http(s) URL or a folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from phoenix_core.errors import ConfigInvalid


def without_login(url: str, *, setting: str = "PHOENIX_ARCHIVE_URL") -> str:
    """Give a URL back, unless it holds a name or password.

    Raises:
        ConfigInvalid: It does. The address of the archive is in messages, metadata and logs.
    """
    if "@" in urlsplit(url).netloc:
        raise ConfigInvalid(
            f"{setting} holds a login, which would end up in logs: leave it out, and put the login of a "
            "mirror into ~/.netrc, which is honoured."
        )
    return url


def base_url(url: str) -> tuple[str, bool]:
    """The address that keys are appended to, and whether it is a folder of this machine.

    Raises:
        ConfigInvalid: Neither http(s) nor a folder that exists, or a login in it.
    """
    folder = folder_of(url)
    return (url.rstrip("/"), False) if folder is None else (folder.as_uri(), True)


def folder_of(url: str, setting: str = "PHOENIX_ARCHIVE_URL") -> Path | None:
    """The folder of this machine that an address names, or None for an http(s) URL.

    Raises:
        ConfigInvalid: Neither http(s) nor a folder that exists, or a login in it; the setting is named.
    """
    without_login(url, setting=setting)
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.netloc:
        return None
    folder = Path(unquote(parts.path) if parts.scheme == "file" else url).expanduser()
    if parts.scheme in {"", "file"} and folder.is_dir():
        return folder.resolve()
    raise ConfigInvalid(
        f"{setting} is {url!r}: expected https://data.binance.vision, another http(s) URL, or a "
        f"folder that exists; {folder.resolve() if parts.scheme in {'', 'file'} else parts.scheme} is none."
    )
