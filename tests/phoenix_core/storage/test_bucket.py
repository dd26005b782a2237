"""What a bucket has besides the contract: answers that get lost, servers that can't, and what is said of them."""

import os
import pickle
from datetime import timedelta

import obstore
import pytest
from fakes.s3 import KEY, SECRET, between, bucket_of, server

from phoenix_core.errors import CatalogCorrupt, ConfigInvalid, InputMissing, StorageFailed, StorageUnreachable
from phoenix_core.storage import bucket, bucket_client
from phoenix_core.storage.bucket import BucketStore
from phoenix_core.storage.cache import Local
from phoenix_core.storage.digests import sha256_of
from phoenix_core.storage.lake import Lake


@pytest.fixture
def store(tmp_path):
    """A bucket of the test's own."""
    return BucketStore.at(bucket_of(tmp_path), Local(tmp_path / "local"))


@pytest.fixture
def wire(tmp_path, monkeypatch):
    """A server between the store of the test and its bucket; requests are made anew at once, and twice at most."""
    server()
    opened = bucket_client.obstore.store.from_url
    retry = {"max_retries": 2, "backoff": {"init_backoff": timedelta(milliseconds=1)}}
    monkeypatch.setattr(
        bucket_client.obstore.store, "from_url", lambda url, **options: opened(url, retry_config=retry, **options)
    )
    with between() as told:
        monkeypatch.setenv("AWS_ENDPOINT_URL", told.url)
        yield told


def puts(wire, name):
    return [path for method, path in wire.asked if method == "PUT" and path.endswith(name)]


def test_the_location_opens_it(tmp_path):
    """A bucket and a prefix, with or without a slash at the end; what people give of it is a name."""
    lake = Lake.at("s3://bucket/some/prefix/", Local(tmp_path))
    assert lake.location == "s3://bucket/some/prefix"
    assert lake.name("s3://bucket/some/prefix/backtests/x") == "backtests/x"
    assert lake.address("a.x") == lake.uri("a.x") == "s3://bucket/some/prefix/a.x"
    assert Lake.at("gs://bucket").location == "gs://bucket"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://host/bucket", "begins with http://: expected a folder, or one of s3://bucket/prefix, gs://"),
        ("s3://", "expected s3://bucket/prefix"),
        ("s3://bucket/a/../b", "expected s3://bucket/prefix"),
        (f"s3://{KEY}:pass@bucket/x", "with more than a bucket and a prefix"),
        (f"s3://bucket/x?key={KEY}", "with more than a bucket and a prefix"),
    ],
)
def test_what_names_no_bucket_is_refused(location, message):
    """Before anything is asked; what may be a password is not repeated."""
    with pytest.raises(ConfigInvalid, match=message) as caught:
        Lake.at(location)
    assert KEY not in str(caught.value)


def test_who_only_reads_is_told_that_there_is_nothing(tmp_path, store):
    """Or not even a bucket."""
    with pytest.raises(InputMissing, match=rf"There is nothing in {store.location}\. Materialize something"):
        Lake.existing(store.location, store.local)
    with pytest.raises(InputMissing, match="There is no bucket of s3://nobodys/data"):
        Lake.existing("s3://nobodys/data", store.local)
    lake = Lake.at("s3://nobodys/data", store.local)
    for ask in (lambda: lake.write("a.x", b"1"), lambda: lake.names("manifest")):
        with pytest.raises(StorageFailed, match=r"s3://nobodys/data is not there: no such bucket\. Make it"):
            ask()


def test_objects_have_their_own_names(store):
    """Below the prefix, so that other programs find them; the digest is kept with each."""
    Lake(store).write("a/b.x", b"hello")
    bucket, _, prefix = store.location.rpartition("/")
    found = obstore.get(bucket_client.client(bucket), f"{prefix}/a/b.x")
    assert (bytes(found.bytes()), found.attributes["sha256"]) == (b"hello", sha256_of(b"hello"))


def test_a_store_goes_to_other_processes(store):
    """Without a client, which each process opens for itself, and without a key."""
    Lake(store).write("a.x", b"1")
    sent = pickle.dumps(store)
    assert pickle.loads(sent).read("a.x") == b"1"  # noqa: S301 - as an executor of processes sends it
    assert SECRET.encode() not in sent
    assert SECRET not in repr(store) + repr(bucket_client.client(store.location))


def put_foreign(store, name, content):
    obstore.put(bucket_client.client(store.location), name, content)


def test_damage_is_found_by_name(store):
    """Another's object, a truncated or a missing one: no file is given, and the message says which object it is."""
    lake, digest = Lake(store), sha256_of(b"content")
    for damage in (b"contenT", b"conte", b"", None):
        lake.write("a/day.parquet", b"content")
        lake.remove("a/day.parquet") if damage is None else put_foreign(store, "a/day.parquet", damage)
        found = None if damage is None else sha256_of(damage)
        assert lake.sha256("a/day.parquet") == found
        with pytest.raises(
            CatalogCorrupt, match=f"{store.location}/a/day.parquet is not what .* found {found or 'no file'}"
        ):
            lake.fetch("a/day.parquet", digest, fresh=True)
    assert lake.leftovers() == []


def test_a_digest_that_lies_gives_no_file(store):
    """What is kept beside the bytes is by what a day is current; the bytes themselves are hashed before they are read."""
    client = bucket_client.client(store.location)
    obstore.put(client, "a.x", b"damaged", attributes={"sha256": sha256_of(b"whole")})
    assert store.sha256("a.x") == sha256_of(b"whole")
    with pytest.raises(CatalogCorrupt, match=f"found {sha256_of(b'damaged')}"):
        store.fetch("a.x", sha256_of(b"whole"))


def test_who_is_told_to_slow_down_asks_again(store, wire):
    """A few times, and then says that it may work later."""
    lake, refused = Lake(store), iter([503, 503])
    wire.answer = lambda _, path: next(refused, None) if path.endswith("a.x") else None
    lake.write("a.x", b"1")
    assert len(puts(wire, "a.x")) == 3
    wire.answer = lambda *_: 503
    for ask in (
        lambda: lake.read("a.x"),
        lambda: lake.write("a.x", b"2"),
        lambda: lake.names(""),
        lambda: lake.stat("a.x"),
    ):
        with pytest.raises(StorageUnreachable, match=r"can't be reached \(503 Service Unavailable"):
            ask()
    wire.answer = lambda *_: None
    assert lake.read("a.x") == b"1"


def test_a_put_whose_answer_was_lost_is_looked_at(store, wire):
    """It was done: nothing is said to have failed, nobody is said to have been first, and nothing is deleted."""
    lake = Lake(store)
    lake.write("first.x", b"0")
    for seen in (None, "there"):
        lost = iter(["lost"])
        wire.answer = lambda method, _, lost=lost: next(lost, None) if method == "PUT" else None
        with lake.publishing("a.x") as staged:
            staged.write_bytes(f"content over {seen}".encode())
        assert lake.read("a.x") == f"content over {seen}".encode()
    lost = iter(["lost"])
    wire.answer = lambda method, _: next(lost, None) if method == "PUT" else None
    assert lake.put_if_absent("b.x", b"1")
    wire.answer = lambda *_: None
    assert not lake.put_if_absent("b.x", b"1")
    assert "DELETE" not in {method for method, path in wire.asked if "_probe" not in path}


def test_a_put_that_never_came_is_an_error(store, wire):
    """What stands there is not ours."""
    lake = Lake(store)
    lake.write("a.x", b"old")
    wire.answer = lambda method, _: 500 if method == "PUT" else None
    with pytest.raises(StorageUnreachable, match=r"a\.x can't be reached"):
        lake.write("a.x", b"new")
    with pytest.raises(StorageUnreachable):
        lake.put_if_absent("b.x", b"new")
    assert lake.names("") == ["a.x"]


@pytest.mark.parametrize("seen", [None, "there"])
def test_a_server_that_restarts_in_a_put_is_asked_again(store, wire, seen):
    """Whole or not at all: while it does not come back, what stood there stands, and what was built here is gone."""
    lake = Lake(store)
    lake.write("a.x", b"there")
    if seen is None:
        lake.remove("a.x")
    before = lake.names("")

    def publish():
        with lake.publishing("a.x") as staged:
            staged.write_bytes(b"new" * 2_000_000)

    wire.answer = lambda method, _: "cut" if method == "PUT" else None
    with pytest.raises(StorageUnreachable, match=r"a\.x can't be reached \(IncompleteMessage"):
        publish()
    assert lake.names("") == before
    assert lake.leftovers() == []
    cuts = iter(["cut", "cut"])
    wire.answer = lambda method, _: next(cuts, None) if method == "PUT" else None
    publish()
    assert lake.read("a.x") == b"new" * 2_000_000
    assert not [path for _, path in wire.asked if "upload" in path], "parts would stay behind"


@pytest.mark.parametrize(
    ("status", "code"), [(507, "XMinioStorageFull"), (403, "QuotaExceeded"), (400, "XMinioAdminBucketQuotaExceeded")]
)
def test_a_full_bucket_is_told_from_one_that_is_away_or_refuses_us(store, wire, status, code):
    """Nothing is published, and the message says what to do."""
    lake = Lake(store)
    lake.write("a.x", b"old")
    wire.body = f"<Error><Code>{code}</Code></Error>".encode()
    wire.answer = lambda method, _: status if method == "PUT" else None
    for ask in (lambda: lake.write("a.x", b"new"), lambda: lake.put_if_absent("b.x", b"new")):
        with pytest.raises(StorageFailed, match=rf"x can't be written: the bucket is full \({status} .*free space"):
            ask()
    assert (lake.names(""), lake.read("a.x"), lake.leftovers()) == (["a.x"], b"old", [])


def test_a_server_that_leaves_out_conditions_is_refused(store, wire):
    """Before the first file is entrusted to it, and nothing is left behind."""
    for header, fault in (
        ("if-none-match", "puts an object where it was told to only if there is none"),
        ("if-match", "replaces version .* where it was told to replace"),
    ):
        bucket._probed.cache_clear()
        wire.without = (header,)
        with pytest.raises(
            ConfigInvalid, match=f"{store.location} can't keep data for several writers: its server {fault}"
        ):
            Lake(store).write("a.x", b"1")
    wire.without = ()
    assert obstore.list(bucket_client.client(store.location)).collect() == []
    Lake(store).write("a.x", b"1")


def test_a_server_that_refuses_the_right_condition_is_refused(store, wire):
    """Nothing could ever be replaced on it."""
    puts_so_far = iter([None, None, 412])
    wire.answer = lambda method, _: next(puts_so_far, None) if method == "PUT" else None
    with pytest.raises(ConfigInvalid, match="refuses to replace the version that is there"):
        Lake(store).write("a.x", b"1")


def test_an_error_quotes_no_key(store, wire, caplog):
    """Servers answer with the key and with what was signed by it; of that, status and code are told."""
    wire.body = (
        f"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{KEY}</AWSAccessKeyId>"
        f"<StringToSign>{SECRET}</StringToSign></Error>"
    ).encode()
    for status, kind in ((403, StorageFailed), (503, StorageUnreachable), (400, StorageUnreachable)):
        wire.answer = lambda *_, status=status: status
        for ask in (lambda: store.read("a.x"), lambda: store.put_if_absent("a.x", b"1"), lambda: store.names("")):
            with pytest.raises(kind, match="SignatureDoesNotMatch") as caught:
                ask()
            assert caught.value.__cause__ is None
            assert not {KEY, SECRET} & set(str(caught.value).replace("<", " ").split())
            assert KEY not in str(caught.value)
    assert KEY not in caplog.text


def test_a_file_of_more_than_one_request_is_refused(store, tmp_path):
    """Parts are put together without a condition by some servers."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        os.truncate(file.fileno(), (5 << 30) + 1)
    with pytest.raises(StorageFailed, match="would have 5,368,709,121 bytes: expected at most 5 GiB"):
        store.publish(large, "a.x")


def test_two_buckets_share_copies_and_no_leftovers(tmp_path, store):
    """A digest names one content in both; what a killed run left is told of its own bucket."""
    other = BucketStore.at(bucket_of(tmp_path / "other"), store.local)
    for one in (store, other):
        Lake(one).write("a.x", b"1")
    assert store.fetch("a.x", sha256_of(b"1")) == other.fetch("a.x", sha256_of(b"1"))
    assert store.scratch != other.scratch
