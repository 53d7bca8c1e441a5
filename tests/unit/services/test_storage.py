"""The file store is checked and cleaned; a gateway works on a bucket as it does on a folder."""

import os
import secrets
from datetime import timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from gateway.domain.answers import Genuine
from gateway.errors import StorageError, ValidationFailedError
from tests.conftest import container_at

DAY = timedelta(days=1)


def test_what_is_missing_altered_or_left_over_is_told(fresh, applications):
    first, second, _ = (fresh.licences.issue(application) for application in applications[:3])
    assert fresh.storage.check().is_whole
    first.electronic_file.local_path.unlink()
    second.paper_file.local_path.write_bytes(b"another")
    (orphan,) = fresh.deps.files.stage([(b"left", ".pdf")])
    report = fresh.storage.check()
    assert (report.files, report.missing, report.altered) == (6, (first.electronic_sm3,), (second.paper_sm3,))
    assert report.orphans == (orphan.sm3,)
    assert not report.is_whole


def test_garbage_is_what_is_old_and_has_no_row(fresh, applications):
    kept = fresh.licences.issue(applications[0])
    old, young = fresh.deps.files.stage([(b"old", ".pdf"), (b"young", ".pdf")])
    fresh.deps.files.publish([(old.sm3, ".pdf")])
    yesterday = (fresh.clock() - 2 * DAY).timestamp()
    for path in (fresh.deps.files.local_path(old.sm3, ".pdf"), kept.electronic_file.local_path):
        os.utime(path, (yesterday, yesterday))
    planned = fresh.storage.collect_garbage(DAY, dry_run=True)
    assert (planned.files, planned.bytes, planned.was_removed) == ((old.sm3,), 3, False)
    assert fresh.deps.files.read(old.sm3, ".pdf") == b"old"
    assert fresh.storage.collect_garbage(DAY).files == (old.sm3,)
    with pytest.raises(StorageError):
        fresh.deps.files.read(old.sm3, ".pdf")
    assert fresh.deps.files.read(young.sm3, ".pdf") == b"young"
    assert fresh.storage.check().is_whole
    with pytest.raises(ValidationFailedError, match="grace"):
        fresh.storage.collect_garbage(timedelta(minutes=59))


@pytest.fixture
def on_bucket(fresh, tmp_path):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    bucket = f"licences-{secrets.token_hex(4)}"
    client.create_bucket(Bucket=bucket)
    credentials = tmp_path / "credentials"
    credentials.write_text("a\nb\n")
    credentials.chmod(0o600)
    container = container_at(
        fresh.settings.data_dir,
        file_store=f"s3://{bucket}/gateway",
        file_store_endpoint=endpoint,
        file_store_credentials_file=credentials,
    )
    yield container, client, server, bucket
    container.deps.engine.dispose()
    server.stop()


def test_licences_are_issued_into_a_bucket(on_bucket, applications):
    container, client, _, bucket = on_bucket
    container.installation.require()
    issued = container.licences.issue(applications[0], duplicates=1)
    assert issued.electronic_file.read_bytes().startswith(b"%PDF")
    assert container.licences.public_answer(issued.licence_identifier).listed.genuine is Genuine.YES
    names = {entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]}
    assert len(names) == 3
    assert f"gateway/{issued.electronic_sm3[:2]}/{issued.electronic_sm3}.pdf" in names
    assert container.storage.check().is_whole
    with pytest.raises(StorageError, match="does not lie on this machine"):
        _ = issued.electronic_file.local_path
    with pytest.raises(ValidationFailedError):
        container.licences.issue(applications[1] | {"FZRQ": "x"})
    client.delete_object(Bucket=bucket, Key=f"gateway/{issued.paper_sm3[:2]}/{issued.paper_sm3}.pdf")
    assert container.storage.check().missing == (issued.paper_sm3,)


def test_a_bucket_that_is_gone_refuses_an_issue_and_leaves_nothing(on_bucket, fresh, applications):
    container, _, server, _ = on_bucket
    server.stop()
    with pytest.raises(StorageError, match="does not answer"):
        container.licences.issue(applications[0])
    assert fresh.storage.check().files == 0
