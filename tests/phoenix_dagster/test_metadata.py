"""What the UI shows of a file is what it holds, not how its bytes are stored."""

from decimal import Decimal

from phoenix_dagster.metadata import arrow_schema, preview

FIELDS = {"price": "fixed_size_binary[16]", "ts_event": "uint64", "volume": "decimal128(38, 16)", "why": "large_string"}


def test_columns_have_logical_types_and_meanings():
    """A price is a decimal, a time a timestamp, and a published column has the publisher's unit."""
    columns = {column.name: column for column in arrow_schema(FIELDS).columns}
    assert {name: column.type for name, column in columns.items()} == {
        "price": "decimal", "ts_event": "timestamp[ns, UTC]", "volume": "decimal", "why": "text",
    }  # fmt: skip
    assert columns["price"].description == "quote units per base unit, of the trade"
    assert columns["ts_event"].description == "When it happened."


def test_a_preview_is_for_people_and_exact():
    """All nine digits of a second, and a decimal without its trailing zeros."""
    row = {"price": Decimal("69903.5000000000000000"), "ts_event": 1_711_756_800_000_000_001, "why": "entry"}
    (record,) = preview([row], FIELDS).records
    assert record.data == {"price": "69903.5", "ts_event": "2024-03-30 00:00:00.000000001", "why": "entry"}
