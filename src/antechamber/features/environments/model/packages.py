"""What is installed in an environment: six lists of native package specifications, and the rules on them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest

# what the wire leaves open: how many, over all managers, and how long each may be (characters)
MOST_PACKAGES: Final = 1000
LONGEST_PACKAGE: Final = 256


class Manager(StrEnum):
    """The package managers, in the order in which they run."""

    APT = "apt"
    CARGO = "cargo"
    GEM = "gem"
    GO = "go"
    NPM = "npm"
    PIP = "pip"


@dataclass(frozen=True, slots=True)
class Packages:
    """Package specifications by manager, as they were sent; `named` holds only the managers that have some."""

    named: Mapping[Manager, tuple[str, ...]] = field(default_factory=dict)

    def of(self, manager: Manager) -> tuple[str, ...]:
        """Return what one manager installs."""
        return self.named.get(manager, ())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is installed."""
        return not any(self.named.values())


# Each manager's own way to write a name and, where one is pinned, its version. What is not matched is refused, so that
# nothing is taken for an option, a file, an address or a second command, whoever runs it.
_SHAPES: Final[Mapping[Manager, re.Pattern[str]]] = {
    # Debian policy 5.6.1 (names), 5.6.12 (versions); apt-get(8): `:arch`, `=version`, `/release`; a dash at the end
    # of a name would remove it
    Manager.APT: re.compile(
        r"[a-z0-9](?:[a-z0-9+.-]*[a-z0-9+.])?(?::[a-z0-9]+(?:-[a-z0-9]+)*)?"
        r"(?:=[A-Za-z0-9][A-Za-z0-9.+~:-]*|/[a-z][a-z0-9-]*)?"
    ),
    # cargo-install(1): CRATE[@VERSION], a whole or partial version
    Manager.CARGO: re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:@[0-9][A-Za-z0-9.+-]*)?"),
    # gem help install: GEMNAME[:VERSION]
    Manager.GEM: re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[0-9][A-Za-z0-9.-]*)?"),
    # the Go modules reference: a path that begins with a host; a version, a branch or a query such as latest
    Manager.GO: re.compile(
        r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9~_][A-Za-z0-9._~+-]*)*(?:/\.\.\.)?"
        r"(?:@[A-Za-z0-9][A-Za-z0-9._+-]*)?"
    ),
    # docs.npmjs.com/cli/install: [<@scope>/]<name>[@<version, tag, or ^ and ~ range>]
    Manager.NPM: re.compile(
        r"(?:@[A-Za-z0-9_~][A-Za-z0-9._~-]*/)?[A-Za-z0-9_~][A-Za-z0-9._~-]*(?:@[\^~]?[A-Za-z0-9][A-Za-z0-9._+-]*)?"
    ),
    # PEP 508 names and extras, PEP 440 versions; no markers, no addresses
    Manager.PIP: re.compile(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z][A-Za-z0-9._-]*(?:,[A-Za-z][A-Za-z0-9._-]*)*\])?"
        r"(?:(?:===|==|!=|~=|>=|<=|>|<)v?[0-9][A-Za-z0-9.+!_-]*(?:\.\*)?"
        r"(?:,(?:===|==|!=|~=|>=|<=|>|<)v?[0-9][A-Za-z0-9.+!_-]*(?:\.\*)?)*)?"
    ),
}
_EXAMPLES: Final[Mapping[Manager, str]] = {
    Manager.APT: "ffmpeg or ffmpeg=7:7.1",
    Manager.CARGO: "ripgrep or ripgrep@14.1.0",
    Manager.GEM: "rails or rails:7.1.0",
    Manager.GO: "golang.org/x/tools/cmd/goimports@latest",
    Manager.NPM: "express or express@4.18.0",
    Manager.PIP: "pandas or pandas==2.2.0",
}


def check_package(manager: Manager, index: int, text: str) -> str:
    """Return a package specification; InvalidRequest, naming its place, unless it has the manager's own form."""
    if len(text) > LONGEST_PACKAGE:
        message = f"config.packages.{manager}.{index}: a package has at most {LONGEST_PACKAGE} characters"
        raise InvalidRequest(message)
    if not _SHAPES[manager].fullmatch(text):
        message = (
            f"config.packages.{manager}.{index}: {text!r} is not the name of a package, with a version or without, "
            f"such as {_EXAMPLES[manager]}"
        )
        raise InvalidRequest(message)
    return text


def settle_packages(known: Packages, said: Mapping[Manager, tuple[str, ...] | None]) -> Packages:
    """Return the packages after what was said: a manager that is left out, or None, keeps its list; InvalidRequest."""
    named = {**known.named, **{manager: texts for manager, texts in said.items() if texts is not None}}
    if sum(len(texts) for texts in named.values()) > MOST_PACKAGES:
        message = f"config.packages: an environment has at most {MOST_PACKAGES} packages"
        raise InvalidRequest(message)
    for manager, texts in named.items():
        for index, text in enumerate(texts):
            check_package(manager, index, text)
    return Packages({manager: named[manager] for manager in Manager if named.get(manager)})


def digest(base: str, packages: Packages) -> str:
    """Return what names a layer: 64 hexadecimal digits of a base and the packages, in whatever order they were listed.

    `base` names the base's own content, so that a newer base is another layer.
    """
    lists = {manager: sorted(set(packages.of(manager))) for manager in Manager if packages.of(manager)}
    text = json.dumps([base, lists], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
