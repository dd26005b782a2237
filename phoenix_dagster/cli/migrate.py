"""Command that brings a data folder elsewhere."""

import sys
from typing import Annotated

import typer

from phoenix_core.storage.lake import Lake
from phoenix_dagster.cli.options import Json
from phoenix_dagster.cli.output import print_document

_MIB = 1 << 20
_NAMED = 5


def migrate_data(
    source: Annotated[str, typer.Argument(metavar="FOLDER", help="The data folder as it is; or a bucket.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="s3://bucket/prefix; or a folder.")],
    *,
    as_json: Json = False,
) -> None:
    """Copy a data folder, verified, into a bucket; a re-run goes on where it stopped. Nothing in it is changed."""
    from phoenix_core.migration import Migrated, foreign, migrate  # noqa: PLC0415 - --help need not wait for it
    from phoenix_dagster.settings import read_settings  # noqa: PLC0415 - as above

    settings = read_settings()
    here, there = Lake.existing(source, settings.local), Lake.at(target, settings.local)
    done = Migrated()
    for batch in migrate(here, there):
        done += batch
        print(f"{done.copied + done.kept:,} files", file=sys.stderr)
    left = [f"{entry.asset} of {entry.day}" for entry in foreign(here)]
    if as_json:
        told = {"copied": done.copied, "kept": done.kept, "bytes": done.bytes, "foreign": left}
        print_document({"source": here.location, "target": there.location} | told)
        return
    print(
        f"{done.copied:,} files, {done.bytes / _MIB:,.1f} MiB, copied and read back; {done.kept:,} were there already"
    )
    if left:
        more = ", …" if len(left) > _NAMED else ""
        print(f"{len(left):,} days lie in files of your own, for other machines to have at the same paths: "
              f"{', '.join(left[:_NAMED])}{more}")  # fmt: skip
    print(f"From now on: PHOENIX_DATA={there.location}")
