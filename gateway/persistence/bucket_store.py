"""Files by digest in a bucket of an S3-compatible store.

There is no rename there, and none is needed: an object appears whole or not at all, and its name is its digest. It is
written under its lasting name before the row is committed; to publish it takes nothing. An object without a row is what
an interrupted issue left, and garbage collection removes it when it is older than any transaction can be.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from certs.private_files import read_password_file
from gateway.errors import ConfigurationError, StorageError
from gateway.persistence.blobs import FileDigest, FileMissingError, HeldFile, checked, missing

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 20, 3
_MEDIA_TYPES = {".pdf": "application/pdf"}
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})


@dataclass(frozen=True)
class BucketPlace:
    """Where the bucket is and who we are there."""

    bucket: str
    prefix: str
    """Empty, or ending with a slash."""
    endpoint: str | None
    region: str
    credentials_file: Path | None
    """Two lines, access key id and secret access key; readable by its owner alone."""

    @classmethod
    def parse(cls, url: str, endpoint: str | None, region: str, credentials_file: Path | None) -> "BucketPlace":
        """From ``s3://bucket/prefix``. ConfigurationError when it is no such address."""
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise ConfigurationError(
                "GATEWAY_FILE_STORE is neither `folder` nor s3://bucket/prefix.", hint="See docs/storage.md."
            )
        path = parts.path.strip("/")
        return cls(parts.netloc, f"{path}/" if path else "", endpoint, region, credentials_file)


class BucketStore:
    """A ``FileStore`` in a bucket."""

    def __init__(self, place: BucketPlace) -> None:
        self._place = place

    def prepare(self) -> None:
        """See that the bucket is there and ours; it is not made, for that is its owner's to decide."""
        with _told("the bucket"):
            self._client.head_bucket(Bucket=self._place.bucket)

    def local_path(self, digest: str, suffix: str) -> Path | None:
        """None: nothing lies on this machine."""
        del digest, suffix
        return None

    def stamp(self, digest: str, suffix: str) -> str | None:
        """One stamp for all: what is under a digest is not written twice, and a look at each would cost a round trip."""
        del digest, suffix
        return "bucket"

    def writing(self) -> AbstractContextManager[None]:
        """Nothing to hold off: nobody removes young objects."""
        return nullcontext()

    def stage(self, files: Iterable[tuple[bytes, str]]) -> list[FileDigest]:
        """Put each (content, suffix) under its lasting name; the answer comes when the store has it durably."""
        staged: list[tuple[FileDigest, str]] = []
        try:
            for data, suffix in files:
                digest = FileDigest.of(data)
                staged.append((digest, suffix))
                with _told(digest.sm3):
                    self._client.put_object(
                        Bucket=self._place.bucket,
                        Key=self._key(digest.sm3, suffix),
                        Body=data,
                        ContentType=_MEDIA_TYPES.get(suffix, "application/octet-stream"),
                        Metadata={"sm3": digest.sm3, "sha256": digest.sha256},
                        ChecksumAlgorithm="SHA256",
                    )
        except StorageError:
            self.discard((digest.sm3, suffix) for digest, suffix in staged)
            raise
        return [digest for digest, _ in staged]

    def publish(self, files: Iterable[tuple[str, str]]) -> None:
        """Nothing to do: the object has its lasting name."""
        del files

    def discard(self, files: Iterable[tuple[str, str]]) -> None:
        """Remove objects whose transaction did not happen; one that cannot be reached now is left as garbage."""
        for digest, suffix in files:
            try:
                self._client.delete_object(Bucket=self._place.bucket, Key=self._key(digest, suffix))
            except (ClientError, BotoCoreError):
                return

    def read(self, digest: str, suffix: str, sha256: str | None = None) -> bytes:
        """The bytes, checked against their digests. StorageError when missing, altered or out of reach."""
        with _told(digest):
            answer = self._client.get_object(Bucket=self._place.bucket, Key=self._key(digest, suffix))
            data: bytes = answer["Body"].read()
        return checked(data, digest, sha256)

    def holds(self, digest: str, suffix: str) -> bool:
        """Whether the file is there; its content is not read."""
        try:
            with _told(digest):
                self._client.head_object(Bucket=self._place.bucket, Key=self._key(digest, suffix))
        except FileMissingError:
            return False
        return True

    def recover(self, is_named: Callable[[str], bool]) -> tuple[int, int]:
        """Nothing at once: a bucket is too large to be listed at every start (``storage gc``)."""
        del is_named
        return 0, 0

    def held(self) -> Iterator[HeldFile]:
        """Every object under the prefix whose name is a file's."""
        pages = self._client.get_paginator("list_objects_v2")
        with _told("the bucket"):
            for page in pages.paginate(Bucket=self._place.bucket, Prefix=self._place.prefix):
                for entry in page.get("Contents", ()):
                    name = PurePosixPath(entry["Key"])
                    if self._key(name.stem, name.suffix) == entry["Key"]:
                        yield HeldFile(name.stem, name.suffix, entry["LastModified"], entry["Size"])

    def remove(self, file: HeldFile) -> None:
        """Remove an object that no row names."""
        with _told(file.sm3):
            self._client.delete_object(Bucket=self._place.bucket, Key=self._key(file.sm3, file.suffix))

    def _key(self, digest: str, suffix: str) -> str:
        return f"{self._place.prefix}{digest[:2]}/{digest}{suffix}"

    @cached_property
    def _client(self) -> Any:
        place = self._place
        if place.credentials_file is None:
            raise ConfigurationError("GATEWAY_FILE_STORE_CREDENTIALS_FILE is not set.", hint="See docs/storage.md.")
        lines = read_password_file(place.credentials_file).decode().split()
        if len(lines) != len(("id", "secret")):
            raise ConfigurationError(
                f"{place.credentials_file} does not hold two lines: access key id and secret access key.",
                hint="See docs/storage.md.",
            )
        return boto3.session.Session().client(
            "s3",
            endpoint_url=place.endpoint,
            region_name=place.region,
            aws_access_key_id=lines[0],
            aws_secret_access_key=lines[1],
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )


@contextmanager
def _told(what: str) -> Iterator[None]:
    """The store's errors in our words."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _ABSENT:
            raise missing(what) from error
        raise StorageError(f"The file store refused {what}: {code}.", hint="See docs/storage.md.") from error
    except BotoCoreError as error:
        raise StorageError(
            f"The file store does not answer ({type(error).__name__}).", hint="Look at GATEWAY_FILE_STORE_ENDPOINT."
        ) from error
