"""What an archive can do wrong over HTTP, and what must come of it: the table that tests run from.

Each fault is sent for as long as it is asked for, and once, before the archive is sound again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fakes.archive_server import Answer

from phoenix_core.errors import (
    ChecksumMismatch,
    PhoenixError,
    SourceForbidden,
    SourceNotYet,
    SourceRefused,
    SourceUnreachable,
    TransferIncomplete,
)

Outcome = type[PhoenixError] | str
VERIFIED, UNVERIFIED = "published, verified", "published, not verified"

ZIP, CHECKSUM = "zip", "checksum"


@dataclass(frozen=True)
class ArchiveFault:
    """One fault.

    Attributes:
        what: In words.
        of: Which of the two requests is answered wrongly.
        answer: The wrong answer, from the sound bytes.
        always: What comes of it if it stays: an error, or what is published.
        once: What comes of it if it happens once.
    """

    what: str
    of: str
    answer: Callable[[bytes], Answer]
    always: Outcome
    once: Outcome = VERIFIED


def status(code: int, **headers: str) -> Callable[[bytes], Answer]:
    """An answer without a body of use."""
    return lambda _: Answer(code, b"<html>", {name.replace("_", "-"): value for name, value in headers.items()})


def body(change: Callable[[bytes], bytes], **goes: object) -> Callable[[bytes], Answer]:
    """The sound bytes, changed, and how they go."""
    return lambda sound: replace(Answer(body=change(sound)), **goes)  # type: ignore[arg-type]


def same(sound: bytes) -> bytes:
    """The bytes as they are."""
    return sound


ELSEWHERE = {"Location": "http://169.254.169.254/latest/meta-data"}

DENIED = b"<Error><Code>AccessDenied</Code></Error>"

ARCHIVE_FAULTS = (
    ArchiveFault("reset in the middle of the body", ZIP, body(same, cut=40, reset=True), TransferIncomplete),
    ArchiveFault("the body ends before its length", ZIP, body(same, cut=40), TransferIncomplete),
    ArchiveFault("the body ends early, its length was not told", ZIP, body(same, cut=40, announced=-1), ChecksumMismatch),
    ArchiveFault("the body is longer than its length", ZIP, lambda sound: Answer(body=sound, announced=40), ChecksumMismatch),
    ArchiveFault("stalls before the body", ZIP, body(same, pause=1.0), TransferIncomplete),
    ArchiveFault("drips", ZIP, body(same, drip=0.05), SourceUnreachable),
    ArchiveFault("other bytes of the same length", ZIP, body(lambda sound: sound[:-1] + b"\x01"), ChecksumMismatch),
    ArchiveFault("a page of HTML with 200", ZIP, body(lambda _: b"<html>Welcome to our network"), SourceRefused, SourceRefused),
    ArchiveFault("nothing, with 200", ZIP, body(lambda _: b""), TransferIncomplete),
    ArchiveFault("a redirect to itself", ZIP, status(301, Location="/elsewhere"), SourceRefused, SourceRefused),
    ArchiveFault("a redirect to another host", ZIP, lambda _: Answer(302, headers=ELSEWHERE), SourceRefused, SourceRefused),
    ArchiveFault("a redirect of the checksum", CHECKSUM, lambda _: Answer(307, headers=ELSEWHERE), SourceRefused, SourceRefused),
    ArchiveFault("403", ZIP, status(403), SourceForbidden, SourceForbidden),
    ArchiveFault("403, as S3 says of what is not there", ZIP, lambda _: Answer(403, DENIED), SourceNotYet, SourceNotYet),
    ArchiveFault("401", ZIP, status(401), SourceForbidden, SourceForbidden),
    ArchiveFault("404 of a recent day", ZIP, status(404), SourceNotYet, SourceNotYet),
    ArchiveFault("404 of the checksum alone", CHECKSUM, status(404), UNVERIFIED, UNVERIFIED),
    ArchiveFault("418, banned", ZIP, status(418), SourceForbidden, SourceForbidden),
    ArchiveFault("429 with Retry-After", ZIP, status(429, Retry_After="1"), SourceUnreachable),
    ArchiveFault("429 without", ZIP, status(429), SourceUnreachable),
    ArchiveFault("451", ZIP, status(451), SourceForbidden, SourceForbidden),
    ArchiveFault("500", ZIP, status(500), SourceUnreachable),
    ArchiveFault("502 of the checksum", CHECKSUM, status(502), SourceUnreachable),
    ArchiveFault("503", ZIP, status(503), SourceUnreachable),
    ArchiveFault("504", ZIP, status(504), SourceUnreachable),
    ArchiveFault("a wrong checksum", CHECKSUM, body(lambda sound: b"a" * 64 + sound[64:]), ChecksumMismatch),
    ArchiveFault("the checksum of another file", CHECKSUM, body(lambda sound: sound.replace(b"2024-03-30", b"2024-03-29")), ChecksumMismatch),
    ArchiveFault("a checksum that is none", CHECKSUM, body(lambda _: b"<html>"), ChecksumMismatch),
    ArchiveFault("an empty checksum", CHECKSUM, body(lambda _: b""), ChecksumMismatch),
)  # fmt: skip
