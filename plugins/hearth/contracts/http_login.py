"""How an API wants to be shown who asks. Names and secrets stand in the Airflow connection: its login and its password.

Without any of these the connection's password is sent as a bearer token.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hearth.contracts.part import Part

TEMPLATE_WORDS = ("parameters", "body", "path", "method", "timestamp", "nonce", "login", "secret")
"""What `text` of a signature may be made of."""


class BasicLogin(Part):
    """HTTP Basic: login and password of the connection."""

    kind: Literal["basic"]


class KeyLogin(Part):
    """The connection's password as an API key, in a header or in the query."""

    kind: Literal["key"]
    header: str | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> KeyLogin:
        if (self.header is None) == (self.query is None):
            raise ValueError("give one of `header` and `query`: where the key is sent")
        return self


class TokenLogin(Part):
    """Login and password are exchanged for a token, which is sent with each request and renewed when it has expired.

    In `send`, "{login}" and "{password}" stand for those of the connection. `expired`: values of an answer under status 200 that
    say the token is not taken any more, such as {code: 401}; status 401 always says so.
    """

    kind: Literal["token"]
    path: str
    method: Literal["get", "post"] = "post"
    form: bool = Field(default=False, description="a form is sent, not JSON")
    send: dict[str, Any]
    token: str = Field(description="dotted path of the token in the answer")
    header: str = "Authorization"
    prefix: str = "Bearer "
    success: dict[str, str | int] = Field(default_factory=dict, description="values that the answer of a login that went well has")
    expired: dict[str, str | int] = Field(default_factory=dict)


class OAuthLogin(Part):
    """OAuth 2 client credentials (RFC 6749, 4.4): login is the client's identifier, password its secret."""

    kind: Literal["oauth2"]
    path: str = Field(description="of the token endpoint")
    connection: str | None = Field(default=None, description="that of the token endpoint; null: the source's own")
    scope: str | None = None
    sent_in: Literal["header", "body"] = "header"


class SignatureLogin(Part):
    """Each request is signed with the connection's password, as a text that source and we make of it alike.

    `text` is made of {parameters} (all of the request but the signature, sorted by name, `name=value` joined by `join`), {body},
    {path}, {method}, {timestamp}, {nonce}, {login} and {secret}. With algorithm hmac_* the secret is the key; with md5 and sha256
    it has to stand in `text`. What is sent along is named by `names`: signature, timestamp, nonce, login.
    """

    kind: Literal["signature"]
    algorithm: Literal["hmac_sha256", "hmac_sha1", "hmac_md5", "md5", "sha256"] = "hmac_sha256"
    text: str = "{parameters}"
    join: str = "&"
    between: str = Field(default="=", description="between name and value")
    encoding: Literal["hex", "HEX", "base64"] = "hex"
    timestamp: Literal["epoch_s", "epoch_ms"] = "epoch_ms"
    names: dict[Literal["signature", "timestamp", "nonce", "login"], str]
    sent_in: Literal["query", "header"] = "query"

    @model_validator(mode="after")
    def _known_words(self) -> SignatureLogin:
        try:
            made = self.text.format(**dict.fromkeys(TEMPLATE_WORDS, ""))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(f"text: {self.text!r} is not made of {', '.join(TEMPLATE_WORDS)}: {error!r}") from error
        if made == self.text:
            raise ValueError(f"text: {self.text!r} says nothing of the request; begin with '{{parameters}}'")
        if "signature" not in self.names:
            raise ValueError("names: say what the signature is called, names: {signature: sign}")
        if not self.algorithm.startswith("hmac_") and "{secret}" not in self.text:
            raise ValueError(f"text: with {self.algorithm} the secret has to stand in it: '{{parameters}}{{secret}}'")
        return self


HttpLogin = Annotated[BasicLogin | KeyLogin | TokenLogin | OAuthLogin | SignatureLogin, Field(discriminator="kind")]
