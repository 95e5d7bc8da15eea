# ruff: noqa: RUF001 - the models speak Chinese and write arithmetic
"""What the simulated models say."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

LONGEST_QUOTE: Final = 120
LONGEST_REMEMBERED: Final = 4096
_CJK: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SUM: Final = re.compile(r"(-?\d{1,15})\s*([-+*x×/÷])\s*(-?\d{1,15})")
_COUNT: Final = re.compile(r"count (?:from 1 )?to (\d{1,4})")
_SAY: Final = re.compile(
    r"^(?:please )?(?:say|repeat(?: after me)?|echo|(?:reply|respond|answer) with)[:\s]+"
    r"(?:(?:exactly|just|only) )?(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_KNOWN: Final = (
    ("capital of france", "The capital of France is Paris."),
    ("法国的首都", "法国的首都是巴黎。"),
    ("who are you", "I am sim-1, a simulated model: my answers are made by rules, not by a neural network."),
    ("你是谁", "我是 sim-1，一个模拟模型：我的回答由规则生成，而不是神经网络。"),
    ("weather", "I cannot look outside, but a simulated sky is always clear: 21 °C, light wind. ☀️"),
    ("haiku", "No weights, only rules\nAnswers come the same each time\nThe tests turn green. 🍃"),
    ("thank", "You're welcome!"),
)
_GREETING: Final = re.compile(r"\s*(hello|hi|hey|good (?:morning|evening))\b", re.IGNORECASE)
_GREETING_ZH: Final = re.compile(r"\s*(你好|您好|早上好)")
FILLER_ASCII: Final = "the quick brown fox jumps over the lazy dog and carries on "
FILLER_MIXED: Final = "the fox 狐狸跳过懒狗 и бежит дальше 🦊🌍 déjà vu "


def reply(prompt: str) -> str:
    """Return the answer of `sim-1`: short, to the point where it can be, the same each time."""
    return _remembered(prompt) if len(prompt) <= LONGEST_REMEMBERED else _reply(prompt)


def _reply(prompt: str) -> str:
    text = prompt.strip()
    if not text:
        return "You sent no text. Ask me anything: I answer the same way each time."
    return _exactly(text) or _known(text) or _anything(text)


_remembered: Final = lru_cache(maxsize=1024)(_reply)


def _exactly(text: str) -> str | None:
    if found := _SAY.match(text):
        return found[1].strip().strip('"“”')
    gist = _gist(text)
    if found := _COUNT.search(gist.lower()):
        return ", ".join(str(number) for number in range(1, int(found[1]) + 1)) + "."
    if found := _SUM.search(gist):
        return _sum(int(found[1]), found[2], int(found[3]))
    return None


def _known(text: str) -> str | None:
    lowered = _gist(text).lower()
    if _GREETING.match(text):
        return "Hello! I am sim-1, a simulated model. What can I do for you?"
    if _GREETING_ZH.match(text):
        return "你好！我是模拟模型 sim-1，有什么可以帮你？👋"
    return next((answer for needle, answer in _KNOWN if needle in lowered), None)


def _gist(text: str) -> str:
    """Return where a question stands in a long prompt: its beginning and its end."""
    return text if len(text) <= 2 * LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}\n{text[-LONGEST_QUOTE:]}"


def _anything(text: str) -> str:
    quote = text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE].rstrip() + "…"
    if _CJK.search(quote):
        return f"关于“{quote}”：这是模拟模型 sim-1 的回答，每次都相同。🙂"
    return f"You asked: “{quote}” This is sim-1's simulated answer; the same question gives the same words each time."


def think(prompt: str) -> str:
    """Return what a model with thinking on thinks first."""
    quote = prompt.strip()[:LONGEST_QUOTE]
    return f"The person asks “{quote}”. I weigh it by rule and answer briefly."


def announce(names: Sequence[str]) -> str:
    """Return what the agent says before it calls tools."""
    return f"I'll use {' and '.join(dict.fromkeys(names))}."


def summarise(prompt: str, results: Sequence[str]) -> str:
    """Return what the agent says when the tools have answered."""
    shown = "; ".join(_short(result) for result in results) or "nothing"
    task = _short(prompt) or "the task"
    return f"Done with “{task}”. The tool{'s' if len(results) != 1 else ''} returned: {shown}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"


def _sum(left: int, sign: str, right: int) -> str:
    if sign in "/÷":
        if right == 0:
            return f"{left} ÷ 0 has no value."
        quotient, rest = divmod(left, right)
        return f"{left} ÷ {right} = {quotient if rest == 0 else left / right}"
    value = {"+": left + right, "-": left - right}.get(sign, left * right)
    return f"{left} {'×' if sign in '*x×' else sign} {right} = {value}"


def portions(text: str, size: int) -> tuple[str, ...]:
    """Cut `text` into portions of at most `size` bytes of UTF-8 (one character at least), never inside a character."""
    if text.isascii():
        return tuple(text[start : start + size] for start in range(0, len(text), size))
    parts: list[str] = []
    current, weight = "", 0
    for character in text:
        cost = len(character.encode("utf-8", "surrogatepass"))
        if weight + cost > size and current:
            parts.append(current)
            current, weight = "", 0
        current += character
        weight += cost
    if current:
        parts.append(current)
    return tuple(parts)


def filler(kind: str, size: int) -> tuple[str, ...]:
    """Return a ring of portions of `size` bytes: exactly so for `ascii`, at most for `mixed`."""
    base = FILLER_ASCII if kind == "ascii" else FILLER_MIXED
    if kind == "ascii":
        rounds = max(1, min(16, 65536 // size))
        text = base * (-(-size * rounds // len(base)))
        return portions(text[: size * rounds], size)
    return portions(base * max(1, -(-size // len(base.encode()))), size)


def cut(text: str, size: int) -> str:
    """Return the longest beginning of `text` with at most `size` bytes, ending between characters."""
    return text.encode()[:size].decode(errors="ignore")
