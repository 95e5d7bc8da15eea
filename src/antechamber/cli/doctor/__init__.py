"""`ante doctor`: what is in force, whether it works, and the command that mends what does not."""

import platform
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from antechamber import __version__
from antechamber.cli.doctor.access import access_checks, dotenv_checks
from antechamber.cli.doctor.findings import Check, show, summary
from antechamber.cli.doctor.folders import folder_checks
from antechamber.cli.doctor.online import online_checks, proxy_check
from antechamber.cli.doctor.programs import program_checks
from antechamber.cli.doctor.project import project_checks
from antechamber.cli.doctor.sandboxes import sandbox_checks
from antechamber.cli.doctor.scan import scan_checks
from antechamber.cli.doctor.variables import variable_checks
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import find_access


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON; the same as --format json.")
@click.option("--scan", is_flag=True, help="Also look for keys in the files that git tracks, and in their history.")
@click.option("--offline", is_flag=True, help="Only what can be told without the network.")
@click.pass_obj
def command(invocation: Invocation, *, as_json: bool, scan: bool, offline: bool) -> int:
    """Find out why it does not work: each finding comes with the command that mends it.

    Looks at address, name, TLS, proxies, clock and credential; at variables that fight each other or that nobody
    reads; at Pythons, Nodes and SDKs on PATH; at versions in the project's lock files that are known to fail; at
    .env files and at who may read the profiles. Exits 1 if something is wrong.
    """
    findings = list(_findings(invocation, scan=scan, offline=offline))
    printer = Printer(invocation.world, invocation.settings)
    if as_json or printer.format != "auto":
        printer.value({"version": __version__, "checks": [asdict(finding) for finding in findings]})
    else:
        printer.text(f"ante {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}\n")
        printer.text(show(findings, invocation.world.width()))
        printer.text("\n" + summary(findings))
    failed = any(finding.status == "failure" for finding in findings)
    return Exit.UNEXPECTED if failed else Exit.OK


def _findings(invocation: Invocation, *, scan: bool, offline: bool) -> Iterator[Check]:
    world, folder = invocation.world, Path.cwd()
    access = find_access(invocation.settings.given(), world.environment, strict=False)
    yield from access_checks(access, world)
    yield proxy_check(access, world)
    yield from dotenv_checks(world.environment, folder)
    yield from variable_checks(world.environment)
    yield from folder_checks(world.environment, world.clock)
    yield from program_checks(world.environment, folder)
    yield from project_checks(folder)
    yield from sandbox_checks(world.environment)
    if scan:
        yield from scan_checks(folder)
    if not offline:
        yield from online_checks(access, invocation)
