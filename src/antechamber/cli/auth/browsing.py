"""Whether this terminal has a browser, and opening a page in it."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from antechamber.client.environment import Environment

_SILENT: Final = subprocess.DEVNULL
_PLACEHOLDER: Final = "%s"
_LINUX_OPENERS: Final = (
    ("xdg-open", _PLACEHOLDER),
    ("gio", "open", _PLACEHOLDER),
    *((name, _PLACEHOLDER) for name in ("sensible-browser", "x-www-browser", "firefox", "google-chrome", "chromium")),
)
_NATIVE: Final = {
    "darwin": ("open", _PLACEHOLDER),
    "win32": ("rundll32", "url.dll,FileProtocolHandler", _PLACEHOLDER),
}
# under WSL the browser is Windows's
_WSL_OPENERS: Final = (
    ("wslview", _PLACEHOLDER),
    ("powershell.exe", "-NoProfile", "-Command", f"Start-Process '{_PLACEHOLDER}'"),
)


def open_command(environment: Environment, platform: str = sys.platform) -> list[str] | None:
    """Return the words that open a page, `%s` where its address goes; None where nobody would see it.

    BROWSER, where it is set, is obeyed: remote editors set it to what opens a page on the person's own machine.
    """
    if named := environment.get("BROWSER"):
        return _named(named, environment)
    if environment.first("SSH_CONNECTION", "SSH_TTY") is not None:
        return None
    if platform in _NATIVE:
        return list(_NATIVE[platform])
    if environment.get("WSL_DISTRO_NAME"):
        return _first_of(_WSL_OPENERS, environment)
    if environment.first("DISPLAY", "WAYLAND_DISPLAY") is None:
        return None
    return _first_of(_LINUX_OPENERS, environment)


def _named(text: str, environment: Environment) -> list[str] | None:
    # several may be named, separated as in PATH; the first that is there opens the page (Debian's sensible-browser)
    for entry in text.split(";" if environment.windows else ":"):
        words = shlex.split(entry)
        if words and shutil.which(words[0], path=environment.get("PATH")):
            return words if any(_PLACEHOLDER in word for word in words) else [*words, _PLACEHOLDER]
    return None


def _first_of(commands: Sequence[Sequence[str]], environment: Environment) -> list[str] | None:
    path = environment.get("PATH")
    return next((list(words) for words in commands if shutil.which(words[0], path=path)), None)


def open_page(words: list[str], url: str, environment: Environment) -> bool:
    """Start a browser without waiting for it, its chatter kept off the terminal; False if it would not start."""
    command = [word.replace(_PLACEHOLDER, url) for word in words]
    try:
        subprocess.Popen(  # noqa: S603 - the person's own browser, and an address that we made
            command,
            stdin=_SILENT,
            stdout=_SILENT,
            stderr=_SILENT,
            env=dict(environment.variables),
            start_new_session=not environment.windows,
        )
    except OSError:
        return False
    return True
