"""Where a feed comes from and how it is asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hearth.contracts.file_source import FolderSource, FtpSource, MailSource, S3Source, SftpSource
from hearth.contracts.http_source import HttpSource
from hearth.contracts.mqtt_source import MqttSource
from hearth.contracts.sql_source import SqlSource

Files = FolderSource | FtpSource | MailSource | S3Source | SftpSource
Source = Annotated[Files | HttpSource | MqttSource | SqlSource, Field(discriminator="kind")]
"""Each says of itself its `place` (within its connection, for the ledger), what it is `counted_in`, and whether what it gives
`has_names` that tell something (`from: <file>`)."""
