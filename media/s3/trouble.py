"""What S3 answers when it does not do what it is asked, as trouble of our own storage, in words of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    NoCredentialsError,
)
from s3transfer.exceptions import S3UploadFailedError  # type: ignore[import-untyped]

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


class S3Trouble(OSError):
    """``code`` is S3's own word; ``permanent`` when only a person can put it right."""

    def __init__(self, code: str, asked: str) -> None:
        super().__init__(f"S3 answers {code} to {asked}")
        self.code = code
        self.permanent = code in PERMANENT


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
