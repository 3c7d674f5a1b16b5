"""A place in object storage: what lies below s3://bucket/prefix, Amazon's or another maker's.

Signed in to as a lake is (docs/warehouses.md). Memory holds parts of files, not files.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings

if find_spec("boto3") is None:
    raise WarehouseError(
        "publishing to s3://… needs packages that are not installed: make setup WAREHOUSE=lake"
        " (or pip install 'spotify-elt[lake]')"
    )

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

#: At DEBUG it tells requests with their session token.
logging.getLogger("botocore").setLevel(logging.INFO)

#: Uploads at a time; each is mostly waiting.
_AT_ONCE: Final = 8

#: What S3 deletes in one call.
_DELETED_AT_ONCE: Final = 1_000


class Bucket:
    """What lies below an address; names are relative to it.

    Args:
        settings: by which the bucket is found and signed in to.
        address: s3://bucket/prefix.

    Raises:
        UserError: it is no such address.
    """

    def __init__(self, settings: Settings, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise UserError(f"{address} is not s3://bucket/prefix")
        prefix = parts.path.strip("/")
        self._bucket = parts.netloc
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client_of(settings, "s3")

    @property
    def address(self) -> str:
        """s3://bucket/prefix, without a slash at its end."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def names(self, below: str = "") -> Iterator[str]:
        """What lies there, in the order of names."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + below
        )
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"].removeprefix(self._prefix)

    def read(self, name: str) -> bytes | None:
        """A small file; None if there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        content: bytes = answer["Body"].read()
        return content

    def replace(self, name: str, content: bytes) -> None:
        """Write a small file; readers get the old one or the new one, whole."""
        self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)

    def create(self, name: str, content: bytes) -> bool:
        """Write a small file unless it is there; say whether it was not."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=content, IfNoneMatch="*"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "PreconditionFailed":
                return False
            raise
        return True

    def upload(self, files: Mapping[str, Path]) -> None:
        """Write files of any size, by name; several at a time."""
        in_parts = TransferConfig(use_threads=False)

        def upload_one(name: str, file: Path) -> None:
            self._client.upload_file(str(file), self._bucket, self._prefix + name, Config=in_parts)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(upload_one, *given) for given in files.items()]:
                done.result()

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; one that is gone already is none's loss.

        Raises:
            WarehouseError: the bucket keeps some.
        """
        rest = iter(names)
        while some := list(islice(rest, _DELETED_AT_ONCE)):
            answer = self._client.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": self._prefix + name} for name in some], "Quiet": True},
            )
            for refused in answer.get("Errors", []):
                raise WarehouseError(
                    f"{self.address}: {refused['Key']} cannot be deleted: {refused['Message']}"
                )


def client_of(settings: Settings, service: str) -> Any:
    """A client of one of Amazon's services, by the settings; boto3 has no types."""
    session = Session(region_name=settings.aws_region, **_keys(settings))
    options: dict[str, Any] = {"retries": {"mode": "standard", "max_attempts": 5}}
    options["max_pool_connections"] = _AT_ONCE
    if settings.aws_endpoint_url:
        # an S3 of another maker may have no host name for each bucket, and not Amazon's checksums
        options["s3"] = {"addressing_style": "path"}
        options["request_checksum_calculation"] = "when_required"
        options["response_checksum_validation"] = "when_required"
    return session.client(service, endpoint_url=settings.aws_endpoint_url, config=Config(**options))


def _keys(settings: Settings) -> dict[str, str]:
    """Those that the settings name; without them boto3 looks where Amazon's programs do."""
    if not settings.aws_access_key_id or not settings.aws_secret_access_key:
        return {}
    keys = {
        "aws_access_key_id": settings.aws_access_key_id,
        "aws_secret_access_key": settings.aws_secret_access_key.get_secret_value(),
    }
    if settings.aws_session_token:
        keys["aws_session_token"] = settings.aws_session_token.get_secret_value()
    return keys


@contextmanager
def told_in_one_line(place: str) -> Iterator[None]:
    """What a service refuses, as an error of the user's.

    Raises:
        WarehouseError: in place of boto3's.
    """
    try:
        yield
    except NoCredentialsError as error:
        raise WarehouseError(
            f"no sign-in to {place} was found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except (BotoCoreError, Boto3Error, ClientError) as error:
        raise WarehouseError(f"cannot publish to {place}: {error}") from error
