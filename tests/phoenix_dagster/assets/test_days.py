"""A run works through its days: what is done is kept, what failed is named, checks hold over all of them."""

from datetime import date

import dagster as dg
import pytest

from phoenix_core.catalog.quality import Finding
from phoenix_core.errors import RowsInvalid, SourceUnreachable
from phoenix_core.manifest import Entry
from phoenix_core.rules import Rule
from phoenix_core.storage.digests import digest_of
from phoenix_dagster.assets.days import Check, Done, checks_of, work_through

KEY = dg.AssetKey(["um", "btcusdt", "rows"])
DAYS = ("2024-03-24", "2024-03-25", "2024-03-26")
RANGE = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def done(day, *checks):
    """A day of seven rows, whose digest is its own name."""
    entry = Entry(KEY.to_user_string().replace(" ", ""), day.isoformat(), published=True, sha256=f"sha-{day}", rows=7)
    return Done(entry, {"rows": 7}, checks)


@pytest.fixture
def run(instance):
    """Run an asset whose days are worked on by a function, for one partition or for the range."""

    def execute(work, **how):
        @dg.asset(
            key=KEY,
            partitions_def=dg.DailyPartitionsDefinition("2024-03-01", timezone="UTC"),
            backfill_policy=dg.BackfillPolicy.single_run(),
            retry_policy=dg.RetryPolicy(max_retries=1),
            check_specs=[dg.AssetCheckSpec("clean", asset=KEY)],
        )
        def rows(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
            return work_through(context, work, at_once=2)

        return dg.materialize([rows], instance=instance, run_config=QUIET, raise_on_error=False, **how)

    return execute


def materialized(instance):
    """Each day's newest materialization."""
    records = instance.fetch_materializations(KEY, limit=10).records
    return {one.partition_key: one.asset_materialization for one in reversed(records)}


def check_of(result):
    (check,) = result.get_asset_check_evaluations()
    return check


def failure_of(result):
    return result.failure_data_for_node(KEY.to_python_identifier()).user_failure_data


def test_one_day_has_its_own_version_and_check(run, instance):
    """The version is the entry's digest; the check's line stands under `message` beside its day."""
    result = run(lambda day: done(day, Check("clean", passed=True, message="7 of 7")), partition_key=DAYS[0])
    (made,) = materialized(instance).values()
    assert made.tags["dagster/data_version"] == "sha-2024-03-24"
    assert made.metadata["rows"].value == 7
    check = check_of(result)
    assert (check.passed, check.severity) == (True, WARN)
    assert {name: value.value for name, value in check.metadata.items()} == {DAYS[0]: "7 of 7"}


def test_each_day_of_a_range_keeps_its_own_metadata(run, instance):
    """In one run; the version of the whole is a digest of its days' versions."""
    assert run(lambda day: done(day, Check("clean", passed=True, message="")), tags=RANGE).success
    made = materialized(instance)
    assert {day: one.metadata["rows"].value for day, one in made.items()} == dict.fromkeys(DAYS, 7)
    versions = {one.tags["dagster/data_version"] for one in made.values()}
    assert versions == {digest_of({day: f"sha-{day}" for day in DAYS})}


def test_a_range_holds_a_check_only_if_every_day_does(run):
    """The worst of the bad days gives the severity, and only bad days are told."""
    by_day = {
        DAYS[0]: Check("clean", passed=True, message="good", severity=ERROR),
        DAYS[1]: Check("clean", passed=False, message="wrong", severity=ERROR),
        DAYS[2]: Check("clean", passed=False, message="odd", severity=WARN),
    }
    check = check_of(run(lambda day: done(day, by_day[day.isoformat()]), tags=RANGE))
    assert (check.passed, check.severity) == (False, ERROR)
    assert {name: value.value for name, value in check.metadata.items()} == {DAYS[1]: "wrong", DAYS[2]: "odd"}


def test_failed_days_of_a_range_are_named_in_order_and_the_others_kept(run, instance):
    """The kept day has its own version; the range is not tried again by itself."""
    asked = []

    def work(day):
        asked.append(day.isoformat())
        if day != date(2024, 3, 25):
            raise SourceUnreachable(f"no answer for {day}")
        return done(day)

    told = failure_of(run(work, tags=RANGE))
    assert told.description == (
        "2 of 3 days failed: 2024-03-24, 2024-03-26. The others are kept.\n"
        "2024-03-24: no answer for 2024-03-24\n2024-03-26: no answer for 2024-03-26"
    )
    assert told.metadata["failed_days"].value == "2024-03-24, 2024-03-26"
    assert sorted(asked) == list(DAYS)
    kept = materialized(instance)
    assert {day: one.tags["dagster/data_version"] for day, one in kept.items()} == {DAYS[1]: "sha-2024-03-25"}


@pytest.mark.parametrize(("error", "attempts"), [(SourceUnreachable, 2), (RowsInvalid, 1)])
def test_a_day_alone_fails_with_its_own_sentence(run, instance, error, attempts):
    """And is tried again if that may help; nothing is materialized."""
    asked = []

    def work(day):
        asked.append(day)
        raise error("row 3 is of another day")

    told = failure_of(run(work, partition_key=DAYS[0]))
    assert (told.description, told.metadata["error"].value) == ("row 3 is of another day", error.__name__)
    assert len(asked) == attempts
    assert materialized(instance) == {}


def test_a_finding_is_an_error_only_where_its_rule_blocks():
    """Wrong data is an error, odd data a warning; a few rows come along."""
    rules = (Rule("ordered", "in order", blocks=True), Rule("dense", "no gaps"))
    bad = [{"row": 3}]
    wrong, odd = checks_of([Finding("ordered", False, "2 rows", bad), Finding("dense", False, "a gap")], rules)
    assert (wrong.severity, odd.severity) == (ERROR, WARN)
    assert [one.data for one in wrong.described["rows"].records] == [{"row": "3"}]
    assert odd.described == {"message": "a gap"}
