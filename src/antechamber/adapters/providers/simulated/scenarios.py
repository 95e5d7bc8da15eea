"""The scenario file: rules that choose controls by model, prompt, path and header."""

import tomllib
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from antechamber.adapters.providers.simulated.answer import Refused
from antechamber.adapters.providers.simulated.scenario import CALM, Call, Scenario, ScriptedTurn, apply


class ScenarioFileError(ValueError):
    """The scenario file is not understood; the message says where."""


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    input: dict[str, Any] = {}


class _Turn(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    calls: list[_Call] = []


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    model: str = "*"
    path: str = "*"
    prompt: str = ""
    header: dict[str, str] = {}
    controls: dict[str, Any] = {}
    script: list[_Turn] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    defaults: dict[str, Any] = {}
    rules: list[_Rule] = []


@dataclass(frozen=True, slots=True)
class _Compiled:
    model: str
    path: str
    prompt: str
    header: dict[str, str]
    controls: dict[str, Any]
    script: tuple[ScriptedTurn, ...]

    def fits(self, model: str, path: str, prompt: str, headers: dict[str, str]) -> bool:
        return (
            fnmatchcase(model, self.model)
            and fnmatchcase(path, self.path)
            and self.prompt in prompt
            and all(value in headers.get(name, "\0") for name, value in self.header.items())
        )


@dataclass(frozen=True, slots=True)
class Scenarios:
    """What a request gets before its own controls: the defaults, then the first rule that fits."""

    defaults: Scenario = CALM
    rules: tuple[_Compiled, ...] = field(default=())

    def choose(self, model: str, path: str, prompt: str, headers: dict[str, str]) -> tuple[Scenario, str]:
        """Return the scenario and the name of what chose it (`rule 1`; empty for the defaults)."""
        for number, rule in enumerate(self.rules, 1):
            if rule.fits(model, path, prompt, headers):
                chosen = apply(self.defaults, rule.controls)
                return (replace(chosen, script=rule.script) if rule.script else chosen), f"rule {number}"
        return self.defaults, ""


def load_scenarios(file: Path | None) -> Scenarios:
    """Read a scenario file, TOML or JSON by its ending; ScenarioFileError when it is not one."""
    if file is None:
        return Scenarios()
    raw = file.read_bytes()
    try:
        tree = msgspec.json.decode(raw) if file.suffix == ".json" else tomllib.loads(raw.decode())
        read = msgspec.convert(tree, _File)
        rules = tuple(_compile(rule) for rule in read.rules)
        return Scenarios(apply(CALM, read.defaults), rules)
    except (ValueError, Refused) as error:
        msg = f"{file}: {error}"
        raise ScenarioFileError(msg) from error


def _compile(rule: _Rule) -> _Compiled:
    apply(CALM, rule.controls)
    return _Compiled(
        model=rule.model,
        path=rule.path,
        prompt=rule.prompt,
        header={name.lower(): value for name, value in rule.header.items()},
        controls=rule.controls,
        script=tuple(
            ScriptedTurn(turn.text, tuple(Call(call.name, call.input) for call in turn.calls)) for turn in rule.script
        ),
    )
