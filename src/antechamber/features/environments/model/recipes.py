"""How each manager installs packages: programs with their arguments, never a line for a shell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.features.environments.model.packages import Manager, Packages

# Where things go, so that every program finds them whichever manager brought them.
SESSION_ENVIRONMENT: Final[Mapping[str, str]] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin:/usr/local/cargo/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "CARGO_INSTALL_ROOT": "/usr/local",
    "DEBIAN_FRONTEND": "noninteractive",
    "GOBIN": "/usr/local/bin",
    "GOTOOLCHAIN": "local",
    "NODE_PATH": "/usr/local/lib/node_modules",
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_prefix": "/usr/local",
    "npm_config_update_notifier": "false",
}
# While building, what is not kept lies where it can be thrown away: /tmp is memory, and small. A registry that does
# not answer is asked twice and no more; gem and go have no such options, and are held to it by the egress proxy.
BUILD_ENVIRONMENT: Final[Mapping[str, str]] = {
    **SESSION_ENVIRONMENT,
    "CARGO_HTTP_TIMEOUT": "15",
    "CARGO_NET_RETRY": "1",
    "CARGO_TARGET_DIR": "/var/cache/ante/target",
    "GOCACHE": "/var/cache/ante/go-build",
    "GOFLAGS": "-modcacherw",
    "GOPATH": "/var/cache/ante/go",
    "PIP_DEFAULT_TIMEOUT": "15",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_RETRIES": "1",
    "TMPDIR": "/var/tmp",  # noqa: S108 - of the sandbox
    "npm_config_cache": "/var/cache/ante/npm",
    "npm_config_fetch_retries": "1",
    "npm_config_fetch_retry_maxtimeout": "1000",
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_timeout": "60000",
}
_SWEPT: Final = (
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/ante",
    "/var/tmp",  # noqa: S108 - of the sandbox
    "/root/.cache",
    "/root/.cargo",
    "/root/.npm",
)
_APT: Final = (
    *("apt-get", "--quiet", "--yes", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=1"),
    *("-o", "Acquire::http::Timeout=15", "-o", "Acquire::https::Timeout=15"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One program of a build; `packages` are those, as they were asked for, that are in when it has ended well."""

    manager: Manager
    argv: tuple[str, ...]
    packages: tuple[str, ...] = ()


def steps(packages: Packages) -> Iterator[Step]:
    """Return what a build runs, manager by manager in the order of the published page (alphabetically)."""
    for manager in Manager:
        named = packages.of(manager)
        if named:
            yield from _RECIPES[manager](tuple(dict.fromkeys(_checked(text) for text in named)))


def census(manager: Manager) -> tuple[str, ...]:
    """Return the program that lists what a manager has installed; `lists.read_census` reads its output."""
    return _CENSUS[manager]


def sweep() -> tuple[str, ...]:
    """Return the program that removes what installing leaves behind; folders that are not there make it fail."""
    return ("find", *_SWEPT, "-mindepth", "1", "-delete")


def _checked(text: str) -> str:
    # Environments were checked when they were made; this holds for whatever gets here by another way.
    if not text or text[0] in "-./" or any(character.isspace() or not character.isprintable() for character in text):
        message = f"not a package: {text!r}"
        raise ValueError(message)
    return text


def _apt(named: tuple[str, ...]) -> Iterator[Step]:
    yield Step(Manager.APT, (*_APT, "-o", "APT::Update::Error-Mode=any", "update"))
    yield Step(Manager.APT, (*_APT, "install", "--no-install-recommends", "--", *named), named)


def _cargo(named: tuple[str, ...]) -> Iterator[Step]:
    for text in named:
        yield Step(Manager.CARGO, ("cargo", "install", "--locked", "--", text), (text,))


def _gem(named: tuple[str, ...]) -> Iterator[Step]:
    for text in named:
        yield Step(Manager.GEM, ("gem", "install", "--no-document", text), (text,))


def _go(named: tuple[str, ...]) -> Iterator[Step]:
    for text in named:
        yield Step(Manager.GO, ("go", "install", text if "@" in text else f"{text}@latest"), (text,))


def _npm(named: tuple[str, ...]) -> Iterator[Step]:
    yield Step(Manager.NPM, ("npm", "install", "--global", "--", *named), named)


def _pip(named: tuple[str, ...]) -> Iterator[Step]:
    yield Step(
        Manager.PIP, ("python3", "-m", "pip", "install", "--no-input", "--progress-bar=off", "--", *named), named
    )


_RECIPES: Final = {
    Manager.APT: _apt,
    Manager.CARGO: _cargo,
    Manager.GEM: _gem,
    Manager.GO: _go,
    Manager.NPM: _npm,
    Manager.PIP: _pip,
}
_CENSUS: Final[Mapping[Manager, tuple[str, ...]]] = {
    Manager.APT: ("dpkg-query", "--show", "--showformat=${Package}\\t${Version}\\n"),
    Manager.CARGO: ("cargo", "install", "--list"),
    Manager.GEM: ("gem", "list", "--local", "--quiet"),
    Manager.GO: ("go", "version", "-m", "/usr/local/bin"),
    Manager.NPM: ("npm", "ls", "--global", "--depth=0", "--json"),
    Manager.PIP: ("python3", "-m", "pip", "list", "--format=json"),
}
