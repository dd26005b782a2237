"""The faults that Phoenix must survive, each with the test that shows it, or the reason why none does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One row: a fault, and `file::test` that injects it, or a sentence that begins with "not tested"."""

    number: int
    what: str
    shown: str


CLIENT, STORE = "phoenix_core/sources/binance/test_client.py", "phoenix_core/raw/test_store.py"
INFLATE, READ = "phoenix_core/sources/test_lines.py", "phoenix_core/tables/test_read.py"
CONVERT, ENTRIES = "phoenix_core/catalog/test_convert.py", "phoenix_core/test_manifest.py"
STAGES, SENSORS = "phoenix_dagster/assets/test_stages.py", "phoenix_dagster/automation/test_ingestion.py"
HERE, FULL = "reliability/test_reliability.py", "reliability/test_full_disk.py"
KILLS = f"{HERE}::test_kills_leave_nothing_half_done"
GARBAGE = f"{HERE}::test_garbage_is_read_counted_or_refused"
BUCKET = "phoenix_core/storage/test_bucket.py"

_ROWS = (
    ("the archive's name can't be resolved", f"{CLIENT}::test_an_unreachable_archive_says_so"),
    ("connection refused, timed out, TLS failure", f"{CLIENT}::test_a_server_that_speaks_no_tls_is_unreachable"),
    ("reset in the middle of a body", f"{HERE}::test_network_faults_end_as_they_must"),
    ("body shorter than announced", f"{CLIENT}::test_a_short_body_is_noticed"),
    ("no announced length and an early end", f"{HERE}::test_network_faults_end_as_they_must"),
    ("body larger than any such file", f"{CLIENT}::test_a_file_above_the_limit_is_refused"),
    ("body that drips", f"{CLIENT}::test_a_drip_is_ended"),
    ("stalled socket", f"{HERE}::test_network_faults_end_as_they_must"),
    ("200 with an HTML page", f"{CLIENT}::test_html_with_200_is_refused"),
    ("redirect, also to another host", f"{CLIENT}::test_a_redirect_is_refused"),
    ("404 of a recent day", f"{STORE}::test_a_recent_day_is_not_yet"),
    ("404 of an old day", f"{STORE}::test_an_old_day_that_is_missing_is_recorded"),
    ("404 of a file that was there before", f"{STORE}::test_a_withdrawn_file_is_kept"),
    ("a dataset that has ended", f"{STORE}::test_a_day_outside_the_life_costs_no_request"),
    ("403, 451", f"{CLIENT}::test_a_refusal_is_final"),
    ("429 with and without Retry-After", f"{CLIENT}::test_retry_after_is_honoured"),
    ("418", f"{CLIENT}::test_a_refusal_is_final"),
    ("5xx", f"{CLIENT}::test_what_is_transient_is_tried_again"),
    ("zip without checksum", f"{CLIENT}::test_a_missing_sidecar_is_reported"),
    (
        "malformed checksum, or of another file",
        "phoenix_core/sources/binance/test_checksums.py::test_anything_else_is_refused",
    ),
    ("wrong checksum", f"{CLIENT}::test_a_wrong_checksum_is_asked_twice_and_refused"),
    ("zip and checksum replaced between two requests", f"{CLIENT}::test_a_replacement_between_two_requests_settles"),
    ("an ingested day is replaced by the publisher", f"{SENSORS}::test_a_replaced_file_is_requested_again"),
    ("a stale copy from a cache", f"{CLIENT}::test_a_replacement_between_two_requests_settles"),
    ("a proxy answers in the archive's place", f"{CLIENT}::test_html_with_200_is_refused"),
    ("disk full at a write", f"{FULL}::test_a_full_disk_publishes_nothing"),
    ("read-only, no permission", f"{FULL}::test_a_read_only_folder_is_a_storage_error"),
    ("EIO on a flush", f"{FULL}::test_a_failing_flush_publishes_nothing"),
    ("kill before the first byte", KILLS),
    ("kill in the middle of a download", KILLS),
    ("kill after a download, before its rename", KILLS),
    ("kill while inflating", KILLS),
    ("kill while writing parquet", KILLS),
    ("kill after parquet, before its flush", KILLS),
    ("kill after the flush, before the rename", KILLS),
    ("kill after the rename, before the manifest", KILLS),
    ("power loss", "not tested: needs a disk that forgets; files and folders are flushed before and after each rename"),
    ("one partition, several runs at once", f"{HERE}::test_writers_at_once_end_in_the_same_bytes"),
    ("partitions of one instrument at once", f"{STAGES}::test_a_range_in_one_run_is_the_same_days"),
    ("an orphaned step goes on beside its retry", f"{HERE}::test_writers_at_once_end_in_the_same_bytes"),
    ("a stale lock", "not tested: there are no locks; equal bytes are published by rename"),
    ("materialized again unchanged", f"{STAGES}::test_the_same_day_twice_is_the_same_bytes"),
    ("materialized again with other code", f"{ENTRIES}::test_a_day_is_current_only_if_nothing_changed"),
    ("a reader during a publish", KILLS),
    ("half, empty, flipped or foreign files in the catalog", f"{HERE}::test_every_flipped_bit_is_noticed"),
    ("manifest lost or corrupt", "phoenix_dagster/operation/test_doctor.py::test_a_broken_entry_is_rebuilt"),
    ("killed for memory", KILLS),
    ("disk full in Dagster's own storage", "not tested: the run fails by Dagster; our files do not depend on it"),
    ("zip bomb, nested zip", f"{INFLATE}::test_a_bomb_is_refused_unopened"),
    ("paths in member names", f"{INFLATE}::test_another_member_is_refused"),
    ("several, no, encrypted members", f"{INFLATE}::test_several_members_are_refused"),
    ("member of another day", f"{INFLATE}::test_another_member_is_refused"),
    ("prepended bytes, lying sizes, wrong CRC", f"{INFLATE}::test_every_flipped_byte_of_the_data_is_noticed"),
    ("header there or not", f"{READ}::test_a_header_is_sniffed"),
    ("an extra column", f"{READ}::test_other_columns_are_drift"),
    ("missing, reordered, renamed columns", f"{READ}::test_a_reordered_header_is_followed"),
    ("empty file, header alone", f"{CONVERT}::test_a_header_alone_is_an_absent_day"),
    ("BOM, CRLF, blank lines, exponents, upper case", f"{READ}::test_line_ends_and_a_byte_order_mark_do_not_matter"),
    ("NaN, infinity, empty cells", f"{READ}::test_text_in_a_number_names_line_and_column"),
    ("zero or negative price or size", f"{READ}::test_a_row_that_does_not_count_is_counted"),
    ("crossed quotes", "phoenix_core/catalog/test_quality.py::test_crossed_quotes_are_shown"),
    ("finer than the instrument's precision", f"{CONVERT}::test_a_finer_price_is_never_rounded"),
    ("out of order, interleaved streams", f"{READ}::test_any_order_comes_out_in_order"),
    ("duplicates, exact or conflicting", f"{READ}::test_one_id_with_two_values_is_refused"),
    ("another unit of time, mixed units", f"{READ}::test_mixed_units_are_refused"),
    ("times outside the day", f"{READ}::test_another_days_file_is_refused"),
    ("gaps in ids, a truncated day", "phoenix_core/catalog/test_quality.py::test_a_gap_is_a_loss_or_an_outage"),
    ("endless lines, NUL, invalid UTF-8", f"{INFLATE}::test_an_endless_line_is_refused"),
    ("symbols that could be paths", "phoenix_core/test_market.py::test_a_symbol_that_could_be_a_path_is_refused"),
    ("dates that mean nothing", "phoenix_core/test_market.py::test_a_range_is_inclusive_and_forward"),
    ("unknown keys, wrong types in a config", GARBAGE),
    (
        "a strategy that raises",
        "phoenix_core/backtest/test_publish.py::test_a_strategy_that_raises_publishes_nothing",
    ),
    ("a strategy that hangs", "not tested: bounded by run_monitoring.max_runtime_seconds in dagster.yaml"),
    ("NaN in an order", "phoenix_core/backtest/test_costs.py::test_what_is_not_a_number_buys_nothing"),
    ("equity at or below zero", "phoenix_core/backtest/test_costs.py::test_an_insolvent_account_buys_nothing_more"),
    ("days missing in a range", "phoenix_core/backtest/test_inputs.py::test_a_missing_day_is_named_and_the_rest_runs"),
    (
        "a panic in NautilusTrader's reader",
        "not tested: files are verified before it opens them, so that it has no cause",
    ),
    ("the same backtest twice", f"{HERE}::test_a_backtest_has_one_digest"),
    ("PostgreSQL down", "end_to_end/test_orchestrator_faults.py::test_a_backfill_survives_its_orchestrator"),
    ("a message broker restarts", "end_to_end/test_workers.py::test_runs_outlive_cables_and_hosts"),
    ("S3 slows down", f"{BUCKET}::test_who_is_told_to_slow_down_asks_again"),
    ("S3 conditional put", "reliability/test_bucket_writers.py::test_a_frozen_worker_does_not_publish_what_was"),
    ("orphaned multipart uploads", f"{BUCKET}::test_a_server_that_restarts_in_a_put_is_asked_again"),
    ("a store without conditional put", f"{BUCKET}::test_a_server_that_leaves_out_conditions_is_refused"),
    ("SIGTERM", KILLS),
    ("a wrong clock", "phoenix_core/sources/test_publication.py::test_a_recent_day_is_not_yet_and_an_old_one_missing"),
    ("a sensor dies between request and cursor", f"{SENSORS}::test_a_day_is_requested_once_when_all_of_it_is_out"),
    ("a long backfill with transient faults", f"{HERE}::test_a_long_range_with_transient_faults_converges"),
    (
        "leaked pool slots, zombie runs",
        "reliability/test_commands.py::test_a_command_killed_twice_ends_with_the_same_bytes",
    ),
)

FAULTS = tuple(Fault(number, what, shown) for number, (what, shown) in enumerate(_ROWS, start=1))
