"""From what was asked, and the scenario, to the blocks of the answer."""

import msgspec

from antechamber.adapters.providers.simulated import words
from antechamber.adapters.providers.simulated.answer import Answer, Ask, Block, Pieces, ToolOffer
from antechamber.adapters.providers.simulated.scenario import Call, Scenario, ScriptedTurn
from antechamber.adapters.providers.simulated.schemas import example
from antechamber.adapters.providers.simulated.signing import ThinkingSeal
from antechamber.base.tokens import BYTES_PER_TOKEN

AGENT = "sim-agent-1"
_KNOWN_ARGUMENTS = {
    "bash": {"command": "echo hello from the simulated agent"},
    "str_replace_based_edit_tool": {"command": "view", "path": "."},
    "str_replace_editor": {"command": "view", "path": "."},
    "memory": {"command": "view", "path": "/memories"},
}


def compose(ask: Ask, scenario: Scenario, answer: Answer, seal: ThinkingSeal) -> None:
    """Fill `answer` with blocks, stop reason and output tokens."""
    blocks = answer.blocks
    if scenario.thinking or (scenario.thinking is None and ask.thinking):
        blocks.append(_thinking(ask, scenario, seal))
    turn = _tool_turn(ask, scenario)
    if turn is not None and turn.calls:
        if turn.text:
            blocks.append(Block("text", _pieces(turn.text, scenario)))
        blocks += [
            Block(
                "tool_use",
                _pieces(_json(call.input), scenario),
                name=call.name,
                call_id=f"toolu_01{answer.answer_id[-18:]}{number:04d}",
            )
            for number, call in enumerate(turn.calls)
        ]
        answer.stop_reason = "tool_use"
    elif scenario.refusal is not None:
        answer.stop_reason = "refusal"
    else:
        text = turn.text if turn is not None else _text(ask, scenario)
        blocks.append(Block("text", _spoken(text, scenario)))
    _stop_early(ask, answer, scenario)
    if scenario.stop_reason is not None:
        answer.stop_reason = scenario.stop_reason
        if scenario.stop_reason == "stop_sequence" and answer.stop_sequence is None:
            answer.stop_sequence = next(iter(ask.stop_sequences), None)
    answer.weigh()


def _text(ask: Ask, scenario: Scenario) -> str:
    if scenario.reply is not None:
        return scenario.reply
    if ask.schema is not None:
        return _json(example(ask.schema))
    if ask.results:
        return words.summarise(ask.prompt, ask.results)
    return words.reply(ask.prompt)


def _spoken(text: str, scenario: Scenario) -> Pieces:
    """Return the text in portions; with `events` set, exactly so many, of the filler unless a reply is given."""
    if scenario.events is None:
        return _pieces(text, scenario)
    count = None if scenario.events == float("inf") else int(scenario.events)
    if scenario.reply is not None:
        return Pieces(words.portions(text, scenario.bytes) or (" ",), count)
    return Pieces(words.filler(scenario.filler, scenario.bytes), count)


def _pieces(text: str, scenario: Scenario) -> Pieces:
    # A huge text goes out in larger portions, or a megabyte would be a hundred thousand events.
    size = max(scenario.bytes, len(text) // 4096)
    ring = words.portions(text, size)
    return Pieces(ring, len(ring))


def _thinking(ask: Ask, scenario: Scenario, seal: ThinkingSeal) -> Block:
    ring = words.portions(words.think(ask.prompt), scenario.bytes)
    pieces = Pieces(ring, scenario.thinking or len(ring))
    said = pieces.text()
    if scenario.redacted:
        return Block("redacted_thinking", Pieces((), 0), signature=seal.redact(said))
    return Block("thinking", pieces, signature=seal.sign(said))


def _tool_turn(ask: Ask, scenario: Scenario) -> ScriptedTurn | None:
    """Return this turn of the agent's script; None when the model simply speaks."""
    if scenario.script:
        return scenario.script[ask.turn] if ask.turn < len(scenario.script) else None
    if not ask.tools or ask.choice == "none":
        return None
    forced = ask.choice != "auto"
    if not forced and (ask.model != AGENT or ask.turn >= scenario.turns):
        return None
    offered = ask.tools
    if ask.choice.startswith("tool:"):
        offered = [tool for tool in ask.tools if tool.name == ask.choice[5:]] or ask.tools
    calls = scenario.calls if ask.parallel else 1
    chosen = [offered[(ask.turn + number) % len(offered)] for number in range(calls)]
    return ScriptedTurn(
        "" if forced else words.announce([tool.name for tool in chosen]),
        tuple(Call(tool.name, _arguments(tool, scenario)) for tool in chosen),
    )


def _arguments(tool: ToolOffer, scenario: Scenario) -> dict[str, object]:
    if scenario.args == "empty":
        return {}
    known = _KNOWN_ARGUMENTS.get(tool.name) if tool.schema is None else None
    made = known if known is not None else example(tool.schema)
    arguments: dict[str, object] = dict(made) if isinstance(made, dict) else {}
    if scenario.args.startswith("huge:"):
        key = next((name for name, value in arguments.items() if isinstance(value, str)), "text")
        size = int(scenario.args[5:])
        arguments[key] = (words.FILLER_ASCII * (size // len(words.FILLER_ASCII) + 1))[:size]
    return arguments


def _stop_early(ask: Ask, answer: Answer, scenario: Scenario) -> None:
    """Apply stop sequences to text, then `max_tokens` to everything; what does not fit is cut or left out."""
    if ask.stop_sequences:
        for number, block in enumerate(answer.blocks):
            if block.kind != "text" or block.pieces.count is None:
                continue
            text = block.pieces.text()
            found = [(at, stop) for stop in ask.stop_sequences if stop and (at := text.find(stop)) >= 0]
            if found:
                at, stop = min(found)
                block.pieces = _pieces(text[:at], scenario)
                del answer.blocks[number + 1 :]
                answer.stop_reason, answer.stop_sequence = "stop_sequence", stop
                break
    if ask.max_tokens is None:
        return
    left = ask.max_tokens * BYTES_PER_TOKEN
    for number, block in enumerate(answer.blocks):
        size = block.pieces.size()
        if size is None:
            return  # A stream without end is asked for to see who stops it.
        if size <= left:
            left -= size
            continue
        keep = 0
        # A cut tool call or cut thinking could not be used by anyone; only text is shortened.
        if block.kind == "text":
            block.pieces = _shortened(block.pieces, left)
            keep = 1
        del answer.blocks[number + keep :]
        answer.stop_reason, answer.stop_sequence = "max_tokens", None
        return


def _shortened(pieces: Pieces, size: int) -> Pieces:
    if not pieces.ring:
        return pieces
    weights = [len(piece.encode()) for piece in pieces.ring]
    rounds, rest = divmod(size, sum(weights))
    count = rounds * len(weights)
    for weight in weights:
        if weight > rest:
            break
        rest -= weight
        count += 1
    last = words.cut(pieces.ring[count % len(weights)], rest)
    if count > len(weights) * 64 or not last:
        return Pieces(pieces.ring, count)
    kept = (*Pieces(pieces.ring, count), last)
    return Pieces(kept, len(kept))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
