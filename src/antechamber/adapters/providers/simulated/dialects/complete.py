"""Legacy Text Completions: `POST /v1/complete`."""

from collections.abc import Iterator
from typing import Final

import msgspec

from antechamber.adapters.providers.simulated.answer import Answer, Ask, Refused
from antechamber.adapters.providers.simulated.dialects.messages import VERSIONS, Messages
from antechamber.adapters.providers.simulated.dialects.port import PING, interludes
from antechamber.adapters.providers.simulated.playback import Item
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.adapters.providers.simulated.signing import ThinkingSeal

HUMAN: Final = "\n\nHuman:"
ASSISTANT: Final = "\n\nAssistant:"
_encode: Final = msgspec.json.encode


class _Body(msgspec.Struct):
    model: str
    prompt: str
    max_tokens_to_sample: int
    stream: bool | None = None
    stop_sequences: list[str] | None = None


_decode: Final = msgspec.json.Decoder(_Body).decode


class Complete(Messages):
    """The Text Completions API: one string in, one string out, no usage; errors as in Messages."""

    def read(self, body: bytes, headers: dict[str, str], seal: ThinkingSeal) -> Ask:
        """Read a request; Refused says what is wrong with it."""
        del seal
        version = headers.get("anthropic-version", "2023-06-01")
        if version not in VERSIONS:
            raise Refused(400, f'anthropic-version: "{version}" is not a valid version')
        try:
            asked = _decode(body)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, f"The request body is not valid JSON: {error}") from None
        if asked.max_tokens_to_sample < 1:
            raise Refused(400, "max_tokens_to_sample: Input should be greater than or equal to 1")
        # The published production guide posts a prompt without turns: all of it is the question then.
        question = asked.prompt.rsplit(HUMAN, 1)[-1].split(ASSISTANT, 1)[0].strip()
        return Ask(
            model=asked.model,
            prompt=question,
            stream=bool(asked.stream),
            max_tokens=asked.max_tokens_to_sample,
            stop_sequences=asked.stop_sequences or (),
        )

    def whole(self, answer: Answer, scenario: Scenario) -> bytes:
        """Write an answer that is not streamed."""
        del scenario
        return _encode(_completion(answer, "".join(block.pieces.text() for block in answer.blocks), last=True))

    def frames(self, answer: Answer, scenario: Scenario) -> Iterator[Item]:
        """Write an answer as events: increments, as since 2023-06-01."""
        extras = interludes(PING, 1 if scenario.pings is None else scenario.pings, scenario.comments)
        for block in answer.blocks:
            for piece in block.pieces:
                yield from next(extras, ())
                yield _event(answer, piece, last=False), len(piece.encode())
        if scenario.done:
            yield _event(answer, "", last=True), 0
        for _ in range(scenario.heartbeats):
            yield PING, 0


def _completion(answer: Answer, text: str, *, last: bool) -> dict[str, object]:
    # This API knows two endings; the end of a turn is its stop sequence "\n\nHuman:".
    reason = "max_tokens" if answer.stop_reason == "max_tokens" else "stop_sequence"
    stop = (answer.stop_sequence or HUMAN) if reason == "stop_sequence" else None
    return {
        "type": "completion",
        "id": answer.answer_id.replace("msg_", "compl_", 1),
        "completion": text,
        "stop_reason": reason if last else None,
        "model": answer.model,
        "stop": stop if last else None,
        "log_id": answer.answer_id.replace("msg_", "compl_", 1),
    }


def _event(answer: Answer, text: str, *, last: bool) -> bytes:
    return b"event: completion\ndata: " + _encode(_completion(answer, text, last=last)) + b"\n\n"
