"""Where an archive is: an http(s) URL or a folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from phoenix_core.errors import ConfigInvalid


def without_login(url: str) -> str:
    """Give a URL back, unless it holds a name or password.

    Raises:
        ConfigInvalid: It does. The address of the archive is in messages, metadata and logs.
    """
    if "@" in urlsplit(url).netloc:
        raise ConfigInvalid(
            "PHOENIX_ARCHIVE_URL holds a login, which would end up in logs: leave it out, and put the login of a "
            "mirror into ~/.netrc, which is honoured."
        )
    return url


def base_url(url: str) -> tuple[str, bool]:
    """The address that keys are appended to, and whether it is a folder of this machine.

    Raises:
        ConfigInvalid: Neither http(s) nor a folder that exists, or a login in it.
    """
    without_login(url)
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.netloc:
        return url.rstrip("/"), False
    folder = Path(unquote(parts.path) if parts.scheme == "file" else url).expanduser()
    if parts.scheme in {"", "file"} and folder.is_dir():
        return folder.resolve().as_uri(), True
    raise ConfigInvalid(
        f"PHOENIX_ARCHIVE_URL is {url!r}: expected https://data.binance.vision, another http(s) URL, or a "
        f"folder that exists; {folder.resolve() if parts.scheme in {'', 'file'} else parts.scheme} is none."
    )
