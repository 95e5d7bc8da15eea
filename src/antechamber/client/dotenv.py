"""Finding and reading .env files: the first one from the current folder upwards, then home; nothing merges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The .env file in force.

    `values` is what it may set, `refused` maps the names it may not set to the reason. `folder` is what `ante trust`
    names; a file of the home folder is no project's and always trusted.
    """

    path: Path
    folder: Path
    is_project: bool
    is_trusted: bool
    values: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    broken_lines: tuple[int, ...] = ()
