"""The listing of an object store, as S3 answers: pages of names in order, by prefix, delimiter and marker."""

from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from fakes.archive_server import Answer, FakeArchive


def lists(archive: FakeArchive, names: Iterable[str], *, page: int = 1000, says_next: bool = True) -> None:
    """Let a fake archive list names; files are there as before.

    Args:
        archive: It.
        names: Paths of all objects.
        page: Names and folders a page.
        says_next: Whether a page with a delimiter names the next marker, as S3 does.
    """
    every, files = sorted(names), archive.answer

    def answer(path: str) -> Answer:
        query = parse_qs(urlsplit(path).query, keep_blank_values=True)
        if "prefix" not in query:
            return files(path)
        archive.requests.append(path)
        prefix, delimiter, marker = (query.get(name, [""])[0] for name in ("prefix", "delimiter", "marker"))
        return Answer(body=page_of(every, prefix, delimiter, marker, page=page, says_next=says_next))

    archive.answer = answer  # type: ignore[method-assign]


def page_of(every, prefix, delimiter, marker, *, page, says_next) -> bytes:
    found: dict[str, bool] = {}
    for name in every:
        rest = name.removeprefix(prefix)
        if not name.startswith(prefix):
            continue
        folder, cut, _ = rest.partition(delimiter) if delimiter else (rest, "", "")
        found[prefix + folder + cut if cut else name] = bool(cut)
    behind = [name for name in sorted(found) if name > marker]
    shown, is_cut = behind[:page], len(behind) > page
    keys = "".join(f"<Contents><Key>{escape(n)}</Key><Size>1</Size></Contents>" for n in shown if not found[n])
    folders = "".join(f"<CommonPrefixes><Prefix>{escape(n)}</Prefix></CommonPrefixes>" for n in shown if found[n])
    following = f"<NextMarker>{escape(shown[-1])}</NextMarker>" if is_cut and delimiter and says_next else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>data.binance.vision</Name><Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker>"
        f"<MaxKeys>{page}</MaxKeys><IsTruncated>{str(is_cut).lower()}</IsTruncated>{following}{keys}{folders}"
        "</ListBucketResult>"
    ).encode()
