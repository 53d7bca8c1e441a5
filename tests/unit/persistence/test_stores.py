"""Both file stores keep the same promises; the bucket is one on moto's server on the loopback."""

import errno
import os
import secrets
import stat

import boto3
import pytest
from moto.server import ThreadedMotoServer

from gateway.errors import ConfigurationError, StorageError
from gateway.persistence.blobs import FileDigest
from gateway.persistence.bucket_store import BucketPlace, BucketStore
from gateway.persistence.folder_store import FolderStore

BUCKET = "licences"


@pytest.fixture(scope="module")
def s3():
    """(endpoint, client) of a server with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket=BUCKET)
    yield endpoint, client
    server.stop()


@pytest.fixture
def credentials(tmp_path):
    path = tmp_path / "credentials"
    path.write_text("an-id\na-secret\n")
    path.chmod(0o600)
    return path


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path, credentials):
    """(store, a function that damages a file in it)"""
    if request.param == "folder":
        made = FolderStore(tmp_path / "files")
        made.prepare()
        return made, lambda digest, data: made.local_path(digest, ".pdf").write_bytes(data)
    endpoint, client = request.getfixturevalue("s3")
    prefix = secrets.token_hex(4)
    made = BucketStore(BucketPlace.parse(f"s3://{BUCKET}/{prefix}/", endpoint, "us-east-1", credentials))
    made.prepare()
    key = f"{prefix}/{{0}}/{{1}}.pdf"
    return made, lambda digest, data: client.put_object(Bucket=BUCKET, Key=key.format(digest[:2], digest), Body=data)


def put(store, *contents):
    with store.writing():
        digests = store.stage([(content, ".pdf") for content in contents])
        store.publish([(digest.sm3, ".pdf") for digest in digests])
    return digests


def test_a_file_is_read_back_by_both_digests(store):
    store, damage = store
    (digest,) = put(store, b"a licence")
    assert digest == FileDigest.of(b"a licence")
    assert store.read(digest.sm3, ".pdf", digest.sha256) == b"a licence"
    with pytest.raises(StorageError, match="differs"):
        store.read(digest.sm3, ".pdf", "0" * 64)
    damage(digest.sm3, b"another licence")
    with pytest.raises(StorageError, match="differs"):
        store.read(digest.sm3, ".pdf")
    with pytest.raises(StorageError, match="missing"):
        store.read("0" * 64, ".pdf")


def test_a_staged_file_can_be_read_and_discarded(store):
    store, _ = store
    kept, dropped = store.stage([(b"kept", ".pdf"), (b"dropped", ".pdf")])
    assert store.read(kept.sm3, ".pdf") == b"kept"
    store.discard([(dropped.sm3, ".pdf")])
    store.publish([(kept.sm3, ".pdf")])
    store.publish([(kept.sm3, ".pdf")])
    with pytest.raises(StorageError, match="missing"):
        store.read(dropped.sm3, ".pdf")
    assert [(file.sm3, file.suffix, file.size) for file in store.held()] == [(kept.sm3, ".pdf", 4)]


def test_files_are_listed_and_removed(store):
    store, _ = store
    digests = put(store, b"1", b"2", b"3")
    held = {file.sm3: file for file in store.held()}
    assert held.keys() == {digest.sm3 for digest in digests}
    assert all(file.written_at.tzinfo is not None for file in held.values())
    store.remove(held[digests[0].sm3])
    assert {file.sm3 for file in store.held()} == {digest.sm3 for digest in digests[1:]}


def test_a_folder_settles_what_a_killed_process_left(tmp_path):
    store = FolderStore(tmp_path)
    store.prepare()
    named, unnamed = store.stage([(b"named", ".pdf"), (b"unnamed", ".pdf")])
    with store.writing():
        assert store.recover(lambda digest: digest == named.sm3) == (0, 0)
    assert store.recover(lambda digest: digest == named.sm3) == (1, 1)
    assert store.local_path(named.sm3, ".pdf").read_bytes() == b"named"
    assert [file.sm3 for file in store.held()] == [named.sm3]
    assert not list((tmp_path / "incoming").iterdir())
    assert unnamed.sm3 != named.sm3


@pytest.mark.parametrize("url", ["s3://", "http://bucket/x", "s3://bucket/x?y=1", "folder"])
def test_what_is_no_bucket_is_refused(url):
    with pytest.raises(ConfigurationError):
        BucketPlace.parse(url, None, "us-east-1", None)


def test_a_bucket_that_does_not_answer_says_so_without_secrets(tmp_path, credentials, s3):
    endpoint, _ = s3
    silent = BucketStore(BucketPlace.parse("s3://x/y", "http://127.0.0.1:9", "us-east-1", credentials))
    with pytest.raises(StorageError, match="does not answer") as caught:
        silent.read("0" * 64, ".pdf")
    assert "a-secret" not in str(caught.value)
    with pytest.raises(StorageError):
        BucketStore(BucketPlace.parse("s3://not-there", endpoint, "us-east-1", credentials)).prepare()
    with pytest.raises(ConfigurationError, match="CREDENTIALS_FILE"):
        BucketStore(BucketPlace.parse("s3://x", endpoint, "us-east-1", None)).prepare()
    credentials.write_text("only-one\n")
    with pytest.raises(ConfigurationError, match="two lines"):
        BucketStore(BucketPlace.parse("s3://x", endpoint, "us-east-1", credentials)).prepare()


def test_what_another_process_publishes_meanwhile_is_staged_all_the_same(tmp_path, monkeypatch):
    made = FolderStore(tmp_path)
    made.prepare()
    sync, digest = os.fsync, FileDigest.of(b"same")

    def published_first(descriptor):
        made.publish([(digest.sm3, ".pdf")])
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", published_first)
    assert put(made, b"same", b"other")[0] == digest
    assert made.read(digest.sm3, ".pdf") == b"same"


def test_a_disk_that_fails_late_leaves_nothing_behind(tmp_path, monkeypatch):
    made = FolderStore(tmp_path)
    made.prepare()

    def full(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        put(made, b"one", b"two")
    assert not list(made.held())
