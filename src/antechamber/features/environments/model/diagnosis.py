"""Why an installation failed, read from what its manager wrote and how it ended."""

import re
from collections.abc import Sequence
from typing import Final

from antechamber.features.environments.model.builds import Failure, Reason
from antechamber.features.environments.model.lists import name_of
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.reaching import Unreached, blamed
from antechamber.features.environments.model.recipes import Step
from antechamber.features.environments.model.sandbox import ExitStatus

_LONGEST: Final = 500
_LAID_TO_THE_NETWORK: Final = frozenset(
    {Reason.EGRESS_DENIED, Reason.INSTALL_FAILED, Reason.PACKAGE_NOT_FOUND, Reason.REGISTRY_UNREACHABLE}
)
_SIGNS: Final[Sequence[tuple[Reason, re.Pattern[str]]]] = (
    (
        Reason.DISK_FULL,
        # where nothing but the size of a file can be limited, one is too large that is larger than the disk
        re.compile(
            r"(?i)No space left on device|ENOSPC|Disk quota exceeded|not enough free space|File too large|EFBIG"
        ),
    ),
    (
        Reason.EGRESS_DENIED,
        re.compile(r"(?i)Tunnel connection failed: 403|CONNECT.*403|proxy.*\b403\b|403\s+Forbidden"),
    ),
    (
        Reason.REGISTRY_UNREACHABLE,
        re.compile(
            r"(?i)Could not (?:resolve|connect)|Temporary failure resolving|Failed to establish a new connection|"
            r"Connection (?:refused|reset|timed out)|ECONN(?:REFUSED|RESET)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|"
            r"Tunnel connection failed: 50|\b50[234]\s+(?:Bad Gateway|Service Unavailable|Gateway Timeout)|"
            r"no such host|dial tcp|certificate verify failed|SELF_SIGNED_CERT|x509:|SSL certificate problem|"
            r"spurious network error|Unable to download data from|ProxyError|Remote end closed|ReadTimeout|"
            r"SSLError|UNEXPECTED_EOF|Connection aborted|ERR_SOCKET"
        ),
    ),
    (
        Reason.PACKAGE_NOT_FOUND,
        re.compile(
            r"(?i)Unable to locate package|has no installation candidate|Version '.*' for '.*' was not found|"
            r"No matching distribution found|E404|404 Not Found|ETARGET|No matching version|could not find `|"
            r"could not find .* in registry|Could not find a valid gem|unknown revision|"
            r"no matching versions|cannot find module|does not contain package"
        ),
    ),
)
_NAMED: Final[Sequence[re.Pattern[str]]] = (
    re.compile(r"Unable to locate package (\S+)"),
    re.compile(r"Package '?([^\s']+)'? has no installation candidate"),
    re.compile(r"Version '[^']*' for '([^']+)' was not found"),
    re.compile(r"No matching distribution found for ([^\s<>=!~;]+)"),
    re.compile(r"'([^'\s]+)' is not in (?:this|the npm) registry"),
    re.compile(r"No matching version found for ([^\s]+?)\.?(?:\s|$)"),
    re.compile(r"Failed building wheel for (\S+)"),
    re.compile(r"ERROR: Failed to build '([^'\s]+)'"),
)
_TELLING: Final = re.compile(r"(?i)^(?:E:|ERROR|npm (?:ERR!|error)|go:|fatal)")


def diagnose(
    step: Step, status: ExitStatus, output: str, unreached: Sequence[Unreached] = (), hosts: Sequence[str] = ()
) -> Failure:
    """Return what went wrong with a step that did not end well; `output` is the end of what it wrote.

    `unreached` is what of the network failed meanwhile, `hosts` are those of the manager's registry: what the proxy
    knows of them says more than their client does.
    """
    reason = _reason(status, output)
    package = _culprit(step, output)
    what = f"{step.manager} could not install {package}" if package else f"{step.manager} failed"
    registry = blamed(unreached, hosts)
    if registry is not None and reason in _LAID_TO_THE_NETWORK:
        return Failure(registry.reason, f"{what}: {registry.tell(step.manager)}", step.manager, package)
    told = _tell(status, output)
    if unreached and reason in _LAID_TO_THE_NETWORK:
        # what a package's own programs were refused: it may be why, and may be nothing
        told = f"{told}; while it ran: {unreached[0].tell(step.manager)}"
    return Failure(reason, f"{what}: {told}", step.manager, package)


def _reason(status: ExitStatus, output: str) -> Reason:
    if status.oom:
        return Reason.OUT_OF_MEMORY
    if status.timed_out:
        return Reason.TIMED_OUT
    return next((reason for reason, sign in _SIGNS if sign.search(output)), Reason.INSTALL_FAILED)


def _culprit(step: Step, output: str) -> str | None:
    if len(step.packages) == 1:
        return step.packages[0]
    for pattern in _NAMED:
        for found in pattern.findall(output):
            for package in step.packages:
                if _same(step.manager, package, found):
                    return package
    return None


def _same(manager: Manager, package: str, found: str) -> bool:
    return found == package or name_of(manager, found).lower() == name_of(manager, package).lower()


def _tell(status: ExitStatus, output: str) -> str:
    """Return the line that says most: the first that looks like an error, else the last, else how it ended."""
    if status.timed_out:
        return "it took longer than a build may"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = next((line for line in lines if _TELLING.match(line)), lines[-1] if lines else "")
    return (telling or f"it ended with {status.code}")[:_LONGEST]
