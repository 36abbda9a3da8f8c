"""Objects of a bucket of S3, or of what speaks its protocol, as files. One written anew while it is read is refused by its ETag."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from fsspec.asyn import sync
from s3fs.core import S3_RETRYABLE_ERRORS, S3FileSystem

from hearth.contracts.interval import Interval
from hearth.sources import files
from hearth.sources.delivery import SourceError
from hearth.sources.files import Entry, login_of, refused

CHUNK_BYTES = 8 << 20

for talkative in ("botocore", "aiobotocore"):  # tell at each start where they found the key
    logging.getLogger(talkative).setLevel(logging.WARNING)


class Transport(files.Transport):
    BREAKS = (BotoCoreError, ClientError, *S3_RETRYABLE_ERRORS, OSError)

    def connect(self) -> None:
        """The key is the connection's login and password; without them what AWS itself gives this machine."""
        login = login_of(self.source)
        extra = login.extra_dejson
        options = {
            "key": login.login, "secret": login.password, "endpoint_url": extra.get("endpoint_url"),
            "config_kwargs": extra.get("config_kwargs"), "client_kwargs": {"region_name": extra.get("region_name")},
        }  # fmt: skip
        self._s3 = S3FileSystem(**{name: value for name, value in options.items() if value}, skip_instance_cache=True)
        try:
            self._ask("list_objects_v2", Prefix=self.source.prefix, MaxKeys=1)
        except (PermissionError, NoCredentialsError) as error:
            raise refused(self.source, error) from error
        except FileNotFoundError as error:
            raise SourceError(
                f"{self.source.where}: expected a bucket of this name over the connection {self.source.connection}, came: {error}. "
                "Correct source.bucket of the contract, or endpoint_url in the connection's extra."
            ) from error

    def end(self) -> None:
        """Each request ends with the time of the pull by itself."""

    def close(self) -> None:
        """There is no connection but that of a request."""

    def listed(self, interval: Interval | None) -> Iterator[Entry | None]:
        """What lies in folders below the prefix is not listed."""
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=self.source.prefix, Delimiter="/", **more)
            for each in page.get("Contents", []):
                name, written = each["Key"].rpartition("/")[2], int(each["LastModified"].timestamp())
                is_one = name and self.source.takes(name)
                yield Entry(name, each["Key"].encode(), each["Size"], written, written, each["ETag"]) if is_one else None
            if not page.get("IsTruncated"):
                break
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        for start in range(0, entry.size, CHUNK_BYTES):
            last = min(start + CHUNK_BYTES, entry.size) - 1
            yield self._in_time(self._range, entry, f"bytes={start}-{last}")

    async def _range(self, entry: Entry, part: str) -> bytes:
        asked = {"Bucket": self.source.bucket, "Key": entry.path.decode(), "IfMatch": entry.version, "Range": part}
        answer = await self._s3._call_s3("get_object", **asked)
        async with answer["Body"] as body:
            return bytes(await body.read())

    def _ask(self, method: str, **more: Any) -> Any:
        return self._in_time(self._s3._call_s3, method, Bucket=self.source.bucket, **more)

    def _in_time(self, call: Any, *arguments: Any, **named: Any) -> Any:
        return sync(self._s3.loop, call, *arguments, timeout=self.watch.seconds_left(), **named)
