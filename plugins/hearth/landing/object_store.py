"""S3, and whatever speaks its protocol, as a file system; where it is and who asks, the usual AWS_ variables say."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import fsspec
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import attach
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError
from fsspec.asyn import sync_wrapper
from s3fs.core import S3_RETRYABLE_ERRORS, S3FileSystem
from s3fs.errors import translate_boto_error

from hearth.landing.file_store import StoreUnusable

for talkative in ("botocore", "aiobotocore"):  # tell at each start where they found the key
    logging.getLogger(talkative).setLevel(logging.WARNING)

TODO = {
    NoCredentialsError: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (.env)",
    PermissionError: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (.env) to a key that may read, write, list and delete there",
    FileNotFoundError: "make the bucket, or name one that is there (HEARTH_LANDING, HEARTH_LAKE in .env)",
    Exception: "see that it runs and that AWS_ENDPOINT_URL_S3 (.env) leads to it, then run this again: nothing half-written counts",
}
"""What to do, by the first kind that fits."""

ABOUT_A_FILE = ("PreconditionFailed", "InvalidRange")
"""It was changed while it was read; it is shorter than that."""


class ObjectStore(S3FileSystem):
    """Lists nothing from memory, since others write there too; a file that is read or written takes a block or two of memory."""

    default_block_size = 8 << 20

    def __init__(self, *args: Any, use_listings_cache: bool = False, **more: Any) -> None:
        super().__init__(*args, use_listings_cache=use_listings_cache, **more)

    async def _call_s3(self, method: str, *args: Any, **more: Any) -> Any:
        bucket = more.get("Bucket") or next((each["Bucket"] for each in args if "Bucket" in each), "")
        with self._told(str(bucket), is_new="IfNoneMatch" in more):
            return await super()._call_s3(method, *args, **more)

    call_s3 = sync_wrapper(_call_s3)

    @contextmanager
    def _told(self, bucket: str, is_new: bool) -> Iterator[None]:
        """Raises what is said of a file as s3fs does, FileExistsError where one may not be there, StoreUnusable for all else."""
        try:
            yield
        except (BotoCoreError, ClientError, OSError, *S3_RETRYABLE_ERRORS) as error:
            raised = translate_boto_error(error) if isinstance(error, ClientError) else error
            code = _code(raised)
            if code == "PreconditionFailed" and is_new:
                raise FileExistsError(f"there is a file of that name already in {bucket}") from error
            if code in ABOUT_A_FILE or (isinstance(raised, FileNotFoundError) and code != "NoSuchBucket"):
                raise raised from error
            todo = next(text for kind, text in TODO.items() if isinstance(raised, kind))
            at = f" at {self._s3.meta.endpoint_url}" if self._s3 else ""
            raise StoreUnusable(f"the object store s3://{bucket}{at} cannot be used: {_reason(raised)}; {todo}") from error


class WrittenOnce(ObjectStore):
    """For DuckDB, which asks for large pieces itself and many times for the size of a file: that is known after the first time."""

    def __init__(self, *args: Any, default_cache_type: str = "none", **more: Any) -> None:
        super().__init__(*args, default_cache_type=default_cache_type, **more)
        self._known: dict[str, dict[str, Any]] = {}

    async def _info(self, path: str, *args: Any, **more: Any) -> dict[str, Any]:
        if path not in self._known:
            self._known[path] = await super()._info(path, *args, **more)
        return self._known[path]

    def invalidate_cache(self, path: str | None = None) -> None:
        super().invalidate_cache(path)
        self._known.clear()


def open_bucket(root: str) -> None:
    """Paths of s3:// are opened by ObjectStore from now on, in this process; one request shows whether they can be. Raises
    StoreUnusable."""
    fsspec.register_implementation("s3", ObjectStore, clobber=True)
    store = attach("s3", fs=ObjectStore()).fs
    bucket, folder, _ = store.split_path(root)
    store.call_s3("list_objects_v2", Bucket=bucket, Prefix=folder, MaxKeys=1)


def end_uploads(root: ObjectStoragePath, before: datetime) -> None:
    """Give up uploads below it that began before then and never ended: no list of files shows their parts, which take room."""
    bucket, folder, _ = root.fs.split_path(root.path)
    below = f"{folder}/" if folder else ""
    for upload in root.fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=below).get("Uploads", []):
        if upload["Initiated"] < before:
            root.fs.call_s3("abort_multipart_upload", Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _code(error: BaseException | None) -> str:
    """S3's own name of an error."""
    while error is not None:
        if isinstance(error, ClientError):
            return str(error.response.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""


def _reason(error: BaseException) -> str:
    return (
        "nobody answers there"
        if isinstance(error, EndpointConnectionError)
        else " ".join(str(error).split()) or type(error).__name__
    )
