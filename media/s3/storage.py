"""A bucket of an S3-compatible service as the place of stored files.

Uploads go in parts and reads in windows, so a large file is never whole in memory or on our disk. What S3 says is
turned into OSErrors, which everybody takes for trouble of our own storage: nothing is given up because of it.
"""

import hashlib
import threading
from datetime import datetime
from functools import cache
from typing import Any

import boto3  # type: ignore[import-untyped]
import botocore.session  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.loaders import create_loader  # type: ignore[import-untyped]
from django.core.files import File
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]
from storages.utils import clean_name  # type: ignore[import-untyped]

from media.s3.reading import S3Reader
from media.s3.trouble import S3Trouble, answers

PART = 16 * 1024**2
# Were the bucket opened by mistake, a browser would still run nothing of it; signed addresses say how it is shown.
AS_NOTHING = {"ContentType": "application/octet-stream", "ContentDisposition": "attachment"}


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
                if _sum_of(kept) != _sum_of(content):
                    raise S3Trouble("other bytes", f"PutObject of {name}")


@cache
def _service_models() -> Any:
    """Read once: they are most of what making a client costs."""
    return create_loader()


def _sum_of(content: "File[Any]") -> bytes:
    return hashlib.file_digest(content, "sha256").digest()


class Unclosed:
    """The transfer closes what it read; it is not its to close."""

    def __init__(self, content: "File[Any]") -> None:
        self.read, self.seek, self.tell = content.read, content.seek, content.tell

    def close(self) -> None:
        pass
