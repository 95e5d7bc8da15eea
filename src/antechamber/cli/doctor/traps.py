"""Versions of SDKs that are known to fail, and calls that a version dropped; each with where it is told."""

import re
from dataclasses import dataclass
from typing import Final

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trap:
    """Versions `from_` <= v < `before` of a package fail; `call` if only where a project's source has it.

    `with_package` and `with_from` limit it to those beside that version of another package.
    """

    package: str
    language: str
    what: str
    remedy: str
    source: str
    from_: Version = (0,)
    before: Version = (9999,)
    call: re.Pattern[str] | None = None
    with_package: str | None = None
    with_from: Version = (0,)

    def holds(self, version: Version, others: dict[str, Version]) -> bool:
        """Say whether a version beside others falls into it."""
        if not self.from_ <= version < self.before:
            return False
        return self.with_package is None or others.get(self.with_package, (0,)) >= self.with_from


_OURS: Final = "measured with the released packages"

TRAPS: Final = (
    Trap(
        "anthropic",
        "python",
        "client.completions is gone",
        "call client.messages.create, or keep anthropic<1",
        _OURS,
        from_=(1,),
        call=re.compile(r"\.completions\.create\("),
    ),
    Trap(
        "anthropic",
        "python",
        "client.count_tokens is gone",
        "call client.messages.count_tokens",
        "github.com/anthropics/anthropic-sdk-python release v0.39.0",
        from_=(0, 39),
        call=re.compile(r"(?<!messages)\.count_tokens\("),
    ),
    Trap(
        "anthropic",
        "python",
        "HUMAN_PROMPT and AI_PROMPT are gone",
        "call client.messages.create, or keep anthropic<1",
        _OURS,
        from_=(1,),
        call=re.compile(r"\b(HUMAN_PROMPT|AI_PROMPT)\b"),
    ),
    Trap(
        "anthropic",
        "python",
        "fails to start beside httpx 0.28: unexpected keyword argument 'proxies'",
        "pip install --upgrade anthropic",
        "github.com/anthropics/anthropic-sdk-python/issues/767",
        before=(0, 40),
        with_package="httpx",
        with_from=(0, 28),
    ),
    Trap(
        "anthropic",
        "python",
        "has no credential chain: profiles and federation variables are not read",
        "pip install --upgrade anthropic, or pass auth_token=",
        _OURS,
        before=(0, 98),
    ),
    Trap(
        "openai",
        "python",
        "openai.ChatCompletion and openai.Completion are gone",
        "make a client: OpenAI().chat.completions.create",
        "github.com/openai/openai-python/discussions/742",
        from_=(1,),
        call=re.compile(r"\bopenai\.(ChatCompletion|Completion|Embedding)\b"),
    ),
    Trap(
        "openai",
        "python",
        "openai.api_base is read no more",
        "set base_url= or OPENAI_BASE_URL",
        "github.com/openai/openai-python/discussions/742",
        from_=(1,),
        call=re.compile(r"\bopenai\.api_base\b"),
    ),
    Trap(
        "openai",
        "python",
        "fails to start beside httpx 0.28: unexpected keyword argument 'proxies'",
        "pip install --upgrade openai",
        "github.com/openai/openai-python release v1.55.3",
        from_=(1,),
        before=(1, 55, 3),
        with_package="httpx",
        with_from=(0, 28),
    ),
    Trap(
        "@anthropic-ai/sdk",
        "javascript",
        "client.completions is gone",
        "call client.messages.create, or keep @anthropic-ai/sdk below 1",
        _OURS,
        from_=(1,),
        call=re.compile(r"(?<!chat)\.completions\.create\("),
    ),
    Trap(
        "@qwen-code/qwen-code",
        "javascript",
        "its free Qwen OAuth has ended, and `qwen auth` is gone",
        "use an OpenAI-compatible key: OPENAI_API_KEY, OPENAI_BASE_URL",
        "its own notice of 2026-04-15",
        from_=(0, 24),
    ),
)


def read_version(text: str) -> Version:
    """Return the numbers of a version: `1.55.3rc1` is (1, 55, 3)."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[+a-z-]", text.lstrip("v="), maxsplit=1)[0]))
