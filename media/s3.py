"""A bucket of an S3-compatible service as the place of stored files.

Uploads go in parts and reads in windows, so a large file is never whole in memory or on our disk. What S3 says is
turned into OSErrors, which everybody takes for trouble of our own storage: nothing is given up because of it.
"""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.loaders import create_loader
from django.core.files import File
from s3transfer.exceptions import S3UploadFailedError
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

PART = 16 * 1024**2
WINDOW = 8 * 1024**2
BUFFER = 256 * 1024
# A body that breaks off is asked for again from where it broke, so often.
MOST_BREAKS = 3
# Only a person can put these right.
PERMANENT = frozenset(
    (
        *("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AccountProblem"),
        *(
            "NoSuchBucket",
            "AllAccessDisabled",
            "InvalidBucketName",
            "PermanentRedirect",
            "NoCredentials",
            "403",
        ),
    )
)
MISSING = frozenset(("404", "NoSuchKey", "NotFound"))
# Were the bucket opened by mistake, a browser would still run nothing of it; signed addresses say how it is shown.
AS_NOTHING = {"ContentType": "application/octet-stream", "ContentDisposition": "attachment"}


class S3Trouble(OSError):
    """``code`` is S3's own word; ``permanent`` when only a person can put it right."""

    def __init__(self, code: str, asked: str) -> None:
        super().__init__(f"S3 answers {code} to {asked}")
        self.code = code
        self.permanent = code in PERMANENT


class S3MediaStorage(S3Storage):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        endpoint = options.get("endpoint_url")
        style = "path" if endpoint else "auto"
        # Others than Amazon do not all know the newer checksums.
        checksums = "when_required" if endpoint else "when_supported"
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": options.pop("attempts", 4)},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
            max_pool_connections=32,
        )
        self.reads_back = options.pop("reads_back", False)
        super().__init__(
            client_config=config,
            transfer_config=TransferConfig(
                multipart_threshold=PART, multipart_chunksize=PART, use_threads=False
            ),
            object_parameters=AS_NOTHING,
            file_overwrite=True,
            default_acl=None,
            querystring_auth=True,
            **options,
        )
        self._made: Any = None
        self._making = threading.Lock()

    @property
    def client(self) -> Any:
        """One for all threads: clients may be shared, and making one takes longer than most requests."""
        with self._making:
            if self._made is None:
                session = botocore.session.get_session()
                session.register_component("data_loader", _service_models())
                session = boto3.Session(
                    aws_access_key_id=self.access_key,
                    aws_secret_access_key=self.secret_key,
                    botocore_session=session,
                )
                self._made = session.client(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
            return self._made

    def key(self, name: str) -> str:
        return str(self._normalize_name(clean_name(name)))

    def head(self, name: str) -> dict[str, Any]:
        with answers("HeadObject", name):
            found: dict[str, Any] = self.client.head_object(Bucket=self.bucket_name, Key=self.key(name))
            return found

    def exists(self, name: str) -> bool:
        try:
            self.head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self.head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        found: datetime = self.head(name)["LastModified"]
        return found

    def delete(self, name: str) -> None:
        with answers("DeleteObject", name):
            self.client.delete_object(Bucket=self.bucket_name, Key=self.key(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        folder = self.key(name).rstrip("/") + "/" if name or self.location else ""
        folders: list[str] = []
        files: list[str] = []
        with answers("ListObjectsV2", name):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket_name, Delimiter="/", Prefix=folder):
                folders += [
                    one["Prefix"][len(folder) :].rstrip("/") for one in page.get("CommonPrefixes", ())
                ]
                files += [one["Key"][len(folder) :] for one in page.get("Contents", ())]
        return folders, [name for name in files if name]

    def url(
        self,
        name: str,
        parameters: dict[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        params = {"Bucket": self.bucket_name, "Key": self.key(name), **(parameters or {})}
        with answers("a signed address", name):
            address: str = self.client.generate_presigned_url(
                "get_object",
                Params=params,
                ExpiresIn=expire or self.querystring_expire,
                HttpMethod=http_method,
            )
            return address

    def _open(self, name: str, mode: str = "rb") -> "S3Reader":
        if mode != "rb":
            raise ValueError("Stored files are read in bytes, and written whole.")
        return S3Reader(self, name, int(self.head(name)["ContentLength"]))

    def _save(self, name: str, content: "File[Any]") -> str:
        """Seen by nobody before its last part is there."""
        content.seek(0)
        with answers("PutObject", name):
            self.client.upload_fileobj(
                Unclosed(content),
                self.bucket_name,
                self.key(name),
                ExtraArgs=dict(AS_NOTHING),
                Config=self.transfer_config,
            )
        self._verify(name, content)
        return str(clean_name(name))

    def _verify(self, name: str, content: "File[Any]") -> None:
        """The length always; the bytes themselves where S3_READ_BACK asks for it."""
        if self.size(name) != content.size:
            raise S3Trouble("another size", f"PutObject of {name}")
        if self.reads_back:
            content.seek(0)
            with self.open(name) as kept:
                if sum_of(kept) != sum_of(content):
                    raise S3Trouble("other bytes", f"PutObject of {name}")


@cache
def _service_models() -> Any:
    """Read once: they are most of what making a client costs."""
    return create_loader()


def sum_of(content: "File[Any]") -> str:
    digest = hashlib.sha256()
    for piece in iter(lambda: content.read(BUFFER), b""):
        digest.update(piece)
    return digest.hexdigest()


class Unclosed:
    """The transfer closes what it read; it is not its to close."""

    def __init__(self, content: "File[Any]") -> None:
        self.read, self.seek, self.tell = content.read, content.seek, content.tell

    def close(self) -> None:
        pass


class S3Reader(File):  # type: ignore[type-arg]
    """Asks for a window at a time from wherever it is; seeking costs nothing."""

    def __init__(self, storage: S3MediaStorage, name: str, size: int) -> None:
        super().__init__(io.BufferedReader(Windows(storage, name, size), BUFFER), name)
        self.size = size


class Windows(io.RawIOBase):
    def __init__(self, storage: S3MediaStorage, name: str, size: int) -> None:
        self._storage, self._name, self._size = storage, name, size
        self._position = self._end = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._let_go()
            self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size or not len(buffer):
            return 0
        for attempt in range(MOST_BREAKS):
            try:
                with answers("GetObject", self._name):
                    piece = self._read(len(buffer))
            except S3Trouble as exc:
                self._let_go()
                if exc.permanent or attempt == MOST_BREAKS - 1:
                    raise
            else:
                break
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _read(self, count: int) -> bytes:
        if self._body is None or self._position >= self._end:
            self._ask()
        piece: bytes = self._body.read(min(count, self._end - self._position))
        if not piece:
            raise S3Trouble("fewer bytes", f"GetObject of {self._name}")
        return piece

    def _ask(self) -> None:
        self._let_go()
        self._end = min(self._position + WINDOW, self._size)
        storage = self._storage
        answer = storage.client.get_object(
            Bucket=storage.bucket_name,
            Key=storage.key(self._name),
            Range=f"bytes={self._position}-{self._end - 1}",
        )
        self._body = answer["Body"]

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


@contextmanager
def answers(asked: str, name: str) -> Iterator[None]:
    """S3's errors in words of ours; its own text may quote a signed address or a key id."""
    told = f"{asked} of {name}" if name else asked
    try:
        yield
    except ClientError as exc:
        code = str(exc.response.get("Error", {}).get("Code", ""))
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in MISSING or (status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket"):
            raise FileNotFoundError(f"S3 has no {name}") from None
        raise S3Trouble(code or str(status), told) from None
    except NoCredentialsError:
        raise S3Trouble("NoCredentials", told) from None
    except S3UploadFailedError as exc:
        raise S3Trouble(_code_of(exc), told) from None
    except BotoCoreError as exc:
        raise S3Trouble(type(exc).__name__, told) from None


def _code_of(failure: S3UploadFailedError) -> str:
    cause = failure.__cause__ or failure.__context__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else "UploadFailed"
