"""TLS as a connection's extra asks for it: certificate and host name are checked, always."""

from __future__ import annotations

import json
import ssl
from typing import Any

from hearth.sources.delivery import SourceError


def tls(given: Any, connection: str) -> ssl.SSLContext | None:
    """Of `ssl` in the extra: `{ca, cert, key}` (files), or `true` for what the system trusts; None where it is not asked for.

    Raises SourceError for another key.
    """
    if isinstance(given, str):
        given = json.loads(given)
    if not given:
        return None
    files = {} if given is True else dict(given)
    if unknown := sorted(files.keys() - {"ca", "cert", "key"}):
        raise SourceError(f"{connection}: ssl {unknown} in extra of the connection; expected ca, cert, key, or true")
    context = ssl.create_default_context(cafile=files.get("ca"))
    if files.get("cert"):
        context.load_cert_chain(files["cert"], files.get("key"))
    return context
