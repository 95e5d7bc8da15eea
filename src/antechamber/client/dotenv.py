"""Finding and reading .env files: the first one from the current folder upwards, then home; nothing merges."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from antechamber.client.environment import EnvFile, Environment, read_environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.files import open_file
from antechamber.client.trust import TrustStore

NAMES: Final = (Path(".ante", ".env"), Path(".qwen", ".env"), Path(".env"))
_LARGEST: Final = 64 * 1024

# What makes other programs load code; no file may set it, wherever it lies.
_LOADERS: Final = (
    r"(LD|DYLD|PYTHON|RUBY|PERL5)[A-Z0-9_]*|NODE_(OPTIONS|PATH|REPL_EXTERNAL_MODULE)|BASH_ENV|SHELLOPTS|PS4"
    r"|(JAVA|JDK_JAVA)_(TOOL_)?OPTIONS|_JAVA_OPTIONS|GCONV_PATH|GLIBC_TUNABLES|COMSPEC"
)
# What a project may never set, trusted or not: where settings and trust lie, sandboxes, updates, what git and ssh run.
_KEPT_FROM_PROJECTS: Final = (
    r"HOME|USERPROFILE|PATH|PATHEXT|SHELL|EDITOR|VISUAL|PAGER|BROWSER|(LOCAL)?APPDATA|XDG_\w+|TMPDIR|TEMP|TMP"
    r"|ANTHROPIC_CONFIG_DIR|ANTE_CA_FILE|ANTE_CACHE|ANTE_(SERVER|TEST)_\w+|CLAUDE_CONFIG_DIR"
    r"|QWEN_(HOME|RUNTIME_DIR)|(QWEN|GEMINI|ANTE)_\w*(SETTINGS|TRUSTED|SANDBOX|UPDATE|TELEMETRY)\w*|(\w+_)?SANDBOX(_\w+)?"
    r"|SEATBELT_PROFILE|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE"
    r"|CURL_CA_BUNDLE|AWS_CA_BUNDLE|SSLKEYLOGFILE|OPENSSL_(CONF|MODULES|ENGINES)|(GIT|SSH|SUDO)_\w+"
    r"|(NPM_CONFIG|PIP|UV)_\w+"
)
# What moves a person's secrets as surely as a base URL does, and names no credential that could be compared.
_NEEDS_TRUST: Final = r"(HTTP|HTTPS|ALL|NO)_PROXY|ANTHROPIC_(CONSOLE_URL|IDENTITY_TOKEN_FILE|OAUTH_CLIENT_ID)"
_OF_OTHER_PROGRAMS: Final = frozenset({"DEBUG", "DEBUG_MODE"})

_LINE: Final = r"""(?xs)[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
        (?:'(?P<single>(?:[^'\\]|\\.)*)'[ \t]*(?:\#[^\n]*)?
          |"(?P<double>(?:[^"\\]|\\.)*)"[ \t]*(?:\#[^\n]*)?
          |(?P<bare>(?!['"])[^\n]*))
        (?:\n|\Z)"""
_BLANK: Final = r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)"
_COMMENT: Final = r"(?:^|(?<=\s))#"
_ESCAPE: Final = r"(?s)\\(.)"
_ESCAPED: Final = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "a": "\a",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "$": "$",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a .env file says; `broken_lines` are the numbers, from 1, of lines that say nothing."""

    values: Mapping[str, str]
    broken_lines: tuple[int, ...]


def parse_env(text: str) -> Parsed:
    r"""Read the text of a .env file; nothing is expanded or run, the last of equal names counts.

    `NAME=value`, `export NAME=value`, comments after `#` (in a bare value only behind a space), values in single quotes
    (`\'` and `\\` mean `'` and `\`) or double ones (`\n`, `\t`, `\"`, `\\` as in JSON strings), either over many lines.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    values: dict[str, str] = {}
    broken: list[int] = []
    # Compiled here: most runs find no file.
    blanks, lines = re.compile(_BLANK), re.compile(_LINE)
    place = 0
    while place < len(text):
        if (blank := blanks.match(text, place)) is not None:
            place = blank.end()
        elif (line := lines.match(text, place)) is not None and "\0" not in line[0]:
            values[line["name"]] = _value(line)
            place = line.end()
        else:
            broken.append(text.count("\n", 0, place) + 1)
            end = text.find("\n", place)
            place = len(text) if end < 0 else end + 1
    return Parsed(values, tuple(broken))


def _value(line: re.Match[str]) -> str:
    if (double := line["double"]) is not None:
        return re.sub(_ESCAPE, lambda found: _ESCAPED.get(found[1], found[0]), double)
    if (single := line["single"]) is not None:
        return re.sub(_ESCAPE, lambda found: found[1] if found[1] in "'\\" else found[0], single)
    bare: str = line["bare"]
    comment = re.search(_COMMENT, bare)
    return (bare[: comment.start()] if comment else bare).strip()


def places(folder: Path, environment: Environment) -> Iterator[tuple[Path, Path]]:
    """Yield where a .env file is looked for, in order, each with the folder that it belongs to."""
    home = environment.home
    start = folder.resolve()
    for place in (start, *start.parents):
        yield from ((place, place / name) for name in NAMES)
    if home.resolve() not in (start, *start.parents):
        yield from ((home, home / name) for name in NAMES)


def find_env_file(folder: Path, environment: Environment) -> tuple[EnvFile | None, tuple[str, ...]]:
    """Return the first .env file, and what a person should hear of it and of those that were passed over."""
    notes: list[str] = []
    home = environment.home.resolve()
    for owner, path in places(folder, environment):
        try:
            text = _read(path, owner, environment)
        except OSError as error:
            notes.append(f"{path} is not read: {error.strerror or error}")
            continue
        if text is None:
            continue
        is_project = owner.resolve() != home
        found = _judge(path, owner, parse_env(text), environment, is_project=is_project)
        notes += [
            f"{path} may not set {name}: {why}"
            for name, why in found.refused.items()
            if re.fullmatch(_LOADERS, name.upper())
        ]
        notes += [f"{path} line {number} is not understood" for number in found.broken_lines[:3]]
        return found, tuple(notes)
    return None, tuple(notes)


def _read(path: Path, owner: Path, environment: Environment) -> str | None:
    opened = open_file(path, follow=True)
    if opened is None:
        return None
    file, status = opened
    with file:
        is_foreign = hasattr(os, "geteuid") and status.st_uid not in {os.geteuid(), 0}
        if is_foreign and not _is_trusted(owner, environment):
            # As git does with repositories: in a shared folder anybody can put one.
            raise OSError(errno.EPERM, f"it belongs to somebody else; `ante trust {owner}` allows it")
        return file.read(_LARGEST).decode("utf-8", "replace")


def _judge(path: Path, owner: Path, parsed: Parsed, environment: Environment, *, is_project: bool) -> EnvFile:
    is_trusted = not is_project or _is_trusted(owner, environment)
    refused: dict[str, str] = {}
    for name in parsed.values:
        if (why := _refusal(name.upper(), path, is_project=is_project, is_trusted=is_trusted)) is not None:
            refused[name] = why.format(folder=owner)
    values = {name: value for name, value in parsed.values.items() if name not in refused}
    return EnvFile(path, owner, is_project, is_trusted, values, refused, parsed.broken_lines)


def _refusal(name: str, path: Path, *, is_project: bool, is_trusted: bool) -> str | None:
    if re.fullmatch(_LOADERS, name):
        return "it makes programs load code"
    if not is_project:
        return None
    if re.fullmatch(_KEPT_FROM_PROJECTS, name):
        return "no project may set it"
    if name in _OF_OTHER_PROGRAMS and path.parent.name not in {".ante", ".qwen"}:
        return f"it is meant for other programs; {NAMES[0]} may set it"
    if re.fullmatch(_NEEDS_TRUST, name) and not is_trusted:
        return "the folder is not trusted: ante trust {folder}"
    return None


def _is_trusted(folder: Path, environment: Environment) -> bool:
    try:
        return TrustStore(environment).is_trusted(folder)
    except CredentialUnusable:
        return False


def fill(environment: Environment, found: EnvFile | None, notes: tuple[str, ...] = ()) -> Environment:
    """Return the environment with what a file sets where nothing is set; an empty variable counts as not set."""
    if found is None:
        return replace(environment, notes=notes)
    values = {name: value for name, value in found.values.items() if value and not environment.get(name)}
    return replace(
        environment,
        variables={**environment.variables, **values},
        dotenv=found,
        filled=frozenset(values),
        notes=notes,
    )


def load_environment(folder: Path | None = None) -> Environment:
    """Read the process's environment and the .env file that belongs to a folder, the current one unless told."""
    environment = read_environment()
    try:
        start = folder or Path.cwd()
    except FileNotFoundError:
        # The current folder has been removed below us.
        return environment
    return fill(environment, *find_env_file(start, environment))
