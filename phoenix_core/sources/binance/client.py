"""The only HTTP: files of the archive, verified, from the internet, a mirror or a folder.

Retries what is transient, refuses what is unsafe, and reports a missing file as None; what that
means is `publication.py`. Redirects are not followed: the archive has none.
"""

import errno
import hashlib
import io
import logging
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from phoenix_core.errors import (
    ChecksumMismatch,
    SourceDisagrees,
    SourceForbidden,
    SourceRefused,
    SourceUnreachable,
    TransferIncomplete,
    TransientError,
)
from phoenix_core.sources.binance.address import base_url
from phoenix_core.sources.binance.checksums import sha256_from_sidecar
from phoenix_core.sources.binance.keys import ArchiveKey
from phoenix_core.sources.contract import Fetched, Progress, no_progress

_LOG = logging.getLogger(__name__)
OFFICIAL = "https://data.binance.vision"
_CONNECTIONS = 32  # kept open, as many as days may be downloaded at once
_BLOCK = 1 << 18
_SIDECAR_BYTES = 4096
_PAGE_BYTES = 1 << 22  # a page of a listing has a thousand names, some 300 kB
# The page in front of the archive shows its listing to people; programs ask the store behind it.
_LISTED_AT = {OFFICIAL: "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision"}
_STALL_SECONDS = 60
_STALL_BYTES = 60 * 1024  # below 1 KiB/s over a minute a body is a drip, not a download
_LONGEST_WAIT = 300.0
_ZIP_MAGIC = b"PK"


class FolderAdapter(BaseAdapter):
    """Serves `file://` URLs, so that a folder is an archive like any other."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,  # noqa: ANN401
        verify: Any = True,  # noqa: ANN401
        cert: Any = None,  # noqa: ANN401
        proxies: Any = None,  # noqa: ANN401
    ) -> requests.Response:
        """Answer 200 with a file's bytes, or 404."""
        del stream, timeout, verify, cert, proxies
        response = requests.Response()
        response.url = request.url or ""
        response.request = request
        path = Path(unquote(urlsplit(response.url).path))
        body: IO[bytes] = io.BytesIO()
        if path.is_file():
            body = path.open("rb")
            response.headers["Content-Length"] = str(path.stat().st_size)
        response.status_code = 200 if path.is_file() else 404
        response.raw = HTTPResponse(body=body, preload_content=False, status=response.status_code)
        return response

    def close(self) -> None:
        """Nothing stays open."""


class Archive:
    """A client of the archive.

    Args:
        url: `https://data.binance.vision`, a mirror, or a folder.
        attempts: How often a transient failure is tried in all.
        timeout: Seconds to connect, and seconds between two bytes.
        sleep: Waits some seconds between attempts.

    Raises:
        ConfigInvalid: The URL is neither http(s) nor a folder that exists.
    """

    def __init__(
        self,
        url: str = OFFICIAL,
        *,
        attempts: int = 5,
        timeout: tuple[float, float] = (10.0, 30.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base, self.is_folder = base_url(url)
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep
        self._session = requests.Session()
        self._session.mount("file://", FolderAdapter())
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        self._session.headers["User-Agent"] = "phoenix"

    def url(self, path: str) -> str:
        """Address of a path of the archive."""
        return f"{self._base}/{path}"

    def published_sha256(self, key: ArchiveKey) -> str | None:
        """Ask for a file's published checksum: one small request. None: no sidecar.

        Raises:
            SourceUnreachable: Also after all attempts.
            SourceForbidden: The archive refuses us.
            ChecksumMismatch: What it published is no checksum of that file, also when asked twice.
        """
        try:
            return self._sidecar(key)
        except ChecksumMismatch:
            return self._sidecar(key)

    def _sidecar(self, key: ArchiveKey) -> str | None:
        text = self._attempt(lambda: self._small(key.checksum_path))
        return None if text is None else sha256_from_sidecar(text, Path(key.path).name)

    def size(self, key: ArchiveKey) -> int | None:
        """Bytes of a published zip, without fetching it. None: no such file, or its size is not told.

        Raises:
            SourceUnreachable: Also after all attempts.
            SourceForbidden: The archive refuses us.
        """
        response = self._attempt(lambda: self._get(key.path, method="HEAD"))
        if response is None:
            return None
        with response:
            return _content_length(response)

    def download(
        self,
        key: ArchiveKey,
        into: Path,
        *,
        expected: str | None,
        max_bytes: int,
        progress: Progress = no_progress,
    ) -> Fetched | None:
        """Stream a zip into a file and compare its SHA-256 with the published one.

        Args:
            key: Which zip.
            into: File to write; what it holds after an error means nothing.
            expected: The published digest, or None if there is no sidecar.
            max_bytes: More than this is refused.
            progress: Told (name, bytes so far, bytes in all) as the body arrives.

        Returns:
            What arrived, or None if the archive has no such file.

        Raises:
            SourceUnreachable: Also after all attempts.
            TransferIncomplete: Likewise.
            ChecksumMismatch: Zip and checksum differ, also when both are asked again.
            SourceRefused: Too large, not a zip, or a redirect.
            SourceForbidden: The archive refuses us.
        """
        current = expected
        for last_try in (False, True):
            fetched = self._attempt(lambda: self._body(key, into, max_bytes, progress))
            if fetched is None:
                return None
            digest, size = fetched
            if current is None or digest == current:
                return Fetched(digest, size, current is not None)
            if last_try:
                raise ChecksumMismatch(
                    f"{self.url(key.path)} does not have its published checksum: expected {current}, found "
                    f"{digest}, asked twice. The publisher must mend it; other days are not affected. "
                    "Run this day again later."
                )
            # Perhaps zip and sidecar were replaced between our two requests.
            current = self.published_sha256(key)
        raise AssertionError

    def _attempt[T](self, request: Callable[[], T]) -> T:
        for attempt in range(1, self._attempts + 1):
            try:
                return request()
            except TransientError as error:
                if attempt == self._attempts:
                    raise
                asked = error.retry_after if isinstance(error, SourceUnreachable) else None
                backoff = min(2.0**attempt, 60.0) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                seconds = min(asked if asked is not None else backoff, _LONGEST_WAIT)
                _LOG.warning("%s Attempt %d of %d; next in %.0f s.", error, attempt, self._attempts, seconds)
                self._sleep(seconds)
        raise SourceDisagrees(f"Archive was made with attempts={self._attempts}: expected 1 or more.")

    def _get(self, path: str, method: str = "GET", base: str = "") -> requests.Response | None:
        url = f"{base}/{path}" if base else self.url(path)
        try:
            response = self._session.request(method, url, stream=True, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            raise SourceUnreachable(
                f"{url} can't be reached ({_cause(error)}). Check the network and PHOENIX_ARCHIVE_URL."
            ) from error
        status = response.status_code
        if status == requests.codes.ok:
            return response
        with response:
            if status == requests.codes.not_found or (
                status == requests.codes.forbidden and b"<Error>" in response.raw.read(_SIDECAR_BYTES)
            ):
                return None  # object stores answer 403 for a missing key when listing is not allowed
            raise _refusal(url, response)

    def listing_page(self, query: str) -> str:
        """A page of what the archive lists, as XML.

        Raises:
            SourceUnreachable: Also after all attempts.
            SourceRefused: It has no listing.
        """
        base = _LISTED_AT.get(self._base, self._base)
        page = self._attempt(lambda: self._small(f"?{query}", _PAGE_BYTES, base))
        if page is None:
            raise SourceRefused(
                f"{base}/?{query} is not there: expected the listing of an object store. Give PHOENIX_ARCHIVE_URL "
                "an address that has one, or a folder."
            )
        return page

    def paths(self, folder: str) -> list[Path]:
        """What lies in a folder of an archive on this machine; nothing where there is no such folder."""
        place = Path(unquote(urlsplit(self.url(folder)).path))
        return sorted(place.iterdir()) if place.is_dir() else []

    def _small(self, path: str, limit: int = _SIDECAR_BYTES, base: str = "") -> str | None:
        response = self._get(path, base=base)
        if response is None:
            return None
        with response:
            try:
                return response.raw.read(limit, decode_content=True).decode("utf-8", "replace")
            except (HTTPError, OSError) as error:
                raise TransferIncomplete(f"{self.url(path)} broke off ({_cause(error)}). Run again.") from error

    def _body(self, key: ArchiveKey, into: Path, max_bytes: int, progress: Progress) -> tuple[str, int] | None:
        response = self._get(key.path)
        if response is None:
            return None
        url = self.url(key.path)
        with response, into.open("wb") as file:
            announced = _content_length(response)
            if announced is not None and announced > max_bytes:
                raise _too_large(url, announced, max_bytes)
            digest = hashlib.sha256()
            done = 0
            pace = _Pace(url)
            try:
                # read1 gives what has come: a read of a whole block would sit out a drip.
                while block := response.raw.read1(_BLOCK, decode_content=True):
                    if not _ZIP_MAGIC[done:].startswith(block[: max(0, len(_ZIP_MAGIC) - done)]):
                        raise SourceRefused(
                            f"{url} is not a zip: it begins with {block[:60]!r}. Open it in a browser; "
                            "a proxy may be answering in the archive's place."
                        )
                    done += len(block)
                    if done > max_bytes:
                        raise _too_large(url, done, max_bytes)
                    digest.update(block)
                    file.write(block)
                    pace.check(done)
                    progress(Path(key.path).name, done, announced)
            except (requests.RequestException, HTTPError, ConnectionError) as error:
                raise TransferIncomplete(f"{url} broke off after {done} bytes ({_cause(error)}). Run again.") from error
            if done == 0 or (announced is not None and done != announced):
                raise TransferIncomplete(f"{url} ended early: expected {announced} bytes, found {done}. Run again.")
            return digest.hexdigest(), done


class _Pace:
    """Ends a download that only drips: a read timeout does not notice one byte a second."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._since = time.monotonic()
        self._mark = 0

    def check(self, done: int) -> None:
        now = time.monotonic()
        if now - self._since < _STALL_SECONDS:
            return
        if done - self._mark < _STALL_BYTES:
            raise SourceUnreachable(
                f"{self._url} drips: {done - self._mark} bytes in {_STALL_SECONDS} s. Try again later."
            )
        self._since, self._mark = now, done


def _refusal(url: str, response: requests.Response) -> Exception:
    status = response.status_code
    if response.is_redirect or response.is_permanent_redirect:
        return SourceRefused(
            f"{url} redirects to {response.headers.get('Location', '')[:200]!r}. The archive never does; "
            "give PHOENIX_ARCHIVE_URL the address that serves the files."
        )
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        return SourceUnreachable(
            f"{url} answered {status}. The archive is busy or broken; try again later.",
            retry_after=_retry_after(response),
        )
    return SourceForbidden(
        f"{url} answered {status}: the archive refuses this request, perhaps this country or address. "
        "Open it in a browser; another PHOENIX_ARCHIVE_URL may serve you."
    )


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(response.headers["Date"])
    except (ValueError, KeyError):
        return None
    return max(0.0, (until - now).total_seconds())


def _content_length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdigit() else None


def _too_large(url: str, found: int, limit: int) -> SourceRefused:
    return SourceRefused(
        f"{url} is larger than any such file: expected at most {limit} bytes, found {found}. If the archive "
        "has grown, raise max_bytes of the dataset in phoenix_core/datasets.py."
    )


def _cause(error: BaseException) -> str:
    inner: BaseException = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    name = errno.errorcode.get(inner.errno or 0, "") if isinstance(inner, OSError) else ""
    return name or type(inner).__name__
