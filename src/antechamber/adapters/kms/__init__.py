"""Customers' keys as the operator's key service uses them (`externalkeys.ports.KeyService`).

The service is a small bridge of the operator's in front of AWS KMS, Cloud KMS or Key Vault: it has the credentials for
them, which this server is better without. `POST URL/encrypt` takes `{provider_config, organization_id, plaintext}` and
answers `{ciphertext}`, `POST URL/decrypt` the other way round, both in base64; anything but 200 is a refusal, whose
`{error}` is shown to the administrator.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.ids import OrganizationId
from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundOptions
from antechamber.base.secret import Secret
from antechamber.client.transport import open_outbound
from antechamber.features.externalkeys.model import KeyConfig, Proof, pack

# SDK `external_keys.validate`: waits up to 30 seconds for the result
_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 5.0
_PLAINTEXT_BYTES: Final = 32
_LONGEST_ANSWER: Final = 1 << 16
_LONGEST_REASON: Final = 300
_OK: Final = 200
_NONE: Final = Proof(
    "This server has no key management service (setting kms_url), so no external key can be used. Its operator can "
    "configure one."
)
_NOT_THE_SAME: Final = Proof("What the key service decrypted is not what it had encrypted.")
_NO_ANSWER: Final = Proof(f"The key service did not answer within {_SECONDS:g} seconds.", timed_out=True)


class _RefusedError(Exception):
    """The key service answered, and not as it must; `str()` says how."""


class BridgedKeys:
    """The keys behind the operator's key service; without one none works."""

    def __init__(self, url: str | None, token: Secret | None, chance: Chance, seconds: float = _SECONDS) -> None:
        """`seconds` is the longest that a proof may take."""
        self._url = url
        self._token = token
        self._chance = chance
        self._seconds = seconds

    async def prove(self, organization_id: OrganizationId, config: KeyConfig) -> Proof:
        """Encrypt something with a key and decrypt it again; never fails."""
        if self._url is None:
            return _NONE
        outbound = open_outbound(OutboundOptions(connect_seconds=_CONNECT_SECONDS, read_seconds=self._seconds))
        try:
            async with asyncio.timeout(self._seconds):
                return await self._turn(outbound, self._url, {"organization_id": organization_id}, config)
        except TimeoutError:
            return _NO_ANSWER
        except OutboundError as error:
            return _NO_ANSWER if error.kind == "timeout" else Proof(f"The key service cannot be used: {error.kind}.")
        except _RefusedError as error:
            return Proof(str(error))
        finally:
            await outbound.close()

    async def _turn(self, outbound: Outbound, url: str, named: Mapping[str, object], config: KeyConfig) -> Proof:
        asked = {"provider_config": pack(config), **named}
        text = self._chance.draw(_PLAINTEXT_BYTES)
        plaintext = base64.b64encode(text).decode()
        ciphertext = await self._ask(outbound, f"{url}/encrypt", {**asked, "plaintext": plaintext}, "ciphertext")
        opened = await self._ask(outbound, f"{url}/decrypt", {**asked, "ciphertext": ciphertext}, "plaintext")
        try:
            same = base64.b64decode(opened, validate=True) == text
        except (binascii.Error, ValueError):
            same = False
        return Proof() if same and ciphertext != plaintext else _NOT_THE_SAME

    async def _ask(self, outbound: Outbound, url: str, body: Mapping[str, object], wanted: str) -> str:
        """Return a field of the service's answer; OutboundError, _RefusedError."""
        answer = await outbound.send("POST", url, self._headers(), json.dumps(body).encode())
        pieces, size = [], 0
        while (piece := await answer.chunk()) is not None:
            size += len(piece)
            if size > _LONGEST_ANSWER:
                message = "The key service answered with more than it may."
                raise _RefusedError(message)
            pieces.append(piece)
        fields = _fields(b"".join(pieces))
        found = fields.get(wanted)
        if answer.status != _OK:
            message = _reason(fields.get("error")) or f"status {answer.status}"
            message = f"The key service refused: {message}"
            raise _RefusedError(message)
        if not isinstance(found, str) or not found:
            message = f"The key service answered without {wanted}."
            raise _RefusedError(message)
        return found

    def _headers(self) -> Headers:
        headers = [("content-type", "application/json"), ("accept", "application/json")]
        if self._token is not None:
            headers.append(("authorization", f"Bearer {self._token.reveal()}"))
        return headers


def _fields(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _reason(text: object) -> str:
    """Return what a stranger wrote for a reason, fit to be shown and kept."""
    if not isinstance(text, str):
        return ""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST_REASON]).strip()
