"""Why an installation failed: which package of which manager, and what would mend it."""

import pytest

from antechamber.features.environments.model.builds import Reason
from antechamber.features.environments.model.diagnosis import diagnose
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.recipes import Step
from antechamber.features.environments.model.sandbox import ExitStatus

PIP = Step(Manager.PIP, ("pip",), ("numpy", "no-such-thing==1", "pandas"))
NPM = Step(Manager.NPM, ("npm",), ("express", "@scope/no-such@9"))
APT = Step(Manager.APT, ("apt-get",), ("jq", "no-such"))
UPDATE = Step(Manager.APT, ("apt-get",))
GO = Step(Manager.GO, ("go",), ("x.org/y@latest",))
GEM = Step(Manager.GEM, ("gem",), ("rails:7.1.0",))
CARGO = Step(Manager.CARGO, ("cargo",), ("ripgrep@1",))


@pytest.mark.parametrize(
    ("step", "output", "reason", "package"),
    [
        (
            PIP,
            ("ERROR: Could not find a version that satisfies the requirement no-such-thing==1 (from versions: none)\n"
            "ERROR: No matching distribution found for no-such-thing==1\n"),
            Reason.PACKAGE_NOT_FOUND,
            "no-such-thing==1",
        ),
        (PIP, "ERROR: No matching distribution found for inner>=2 (from pandas)", Reason.PACKAGE_NOT_FOUND, None),
        (PIP, "ERROR: Failed building wheel for Pandas\n", Reason.INSTALL_FAILED, "pandas"),
        (
            PIP,
            ("WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection'\n"
            "ERROR: No matching distribution found for numpy\n"),
            Reason.REGISTRY_UNREACHABLE,
            "numpy",
        ),
        (PIP, "ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden'))",
         Reason.EGRESS_DENIED, None),
        (PIP, "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
         Reason.DISK_FULL, None),
        (PIP, "ERROR: Could not install packages due to an OSError: [Errno 27] File too large",
         Reason.DISK_FULL, None),
        (NPM, "npm error code E404\nnpm error 404  '@scope/no-such@9' is not in this registry.\n",
         Reason.PACKAGE_NOT_FOUND, "@scope/no-such@9"),
        (NPM, "npm error code ETARGET\nnpm error notarget No matching version found for express@99.0.0.\n",
         Reason.PACKAGE_NOT_FOUND, "express"),
        (NPM, "npm error code ECONNREFUSED", Reason.REGISTRY_UNREACHABLE, None),
        (APT, "E: Unable to locate package no-such\n", Reason.PACKAGE_NOT_FOUND, "no-such"),
        (APT, "E: Version '9' for 'jq' was not found\n", Reason.PACKAGE_NOT_FOUND, "jq"),
        (UPDATE, "E: Failed to fetch http://x  Could not connect to x\n", Reason.REGISTRY_UNREACHABLE, None),
        (GO, "go: x.org/y@latest: dial tcp: lookup x.org: no such host", Reason.REGISTRY_UNREACHABLE, "x.org/y@latest"),
        (GEM, "ERROR:  Could not find a valid gem 'rails' (= 7.1.0) in any repository", Reason.PACKAGE_NOT_FOUND,
         "rails:7.1.0"),
        (CARGO, "error: could not find `ripgrep` in registry `crates-io` with version `=1`", Reason.PACKAGE_NOT_FOUND,
         "ripgrep@1"),
        (CARGO, "error: failed to compile", Reason.INSTALL_FAILED, "ripgrep@1"),
    ],
)  # fmt: skip
def test_the_reason_and_the_package_are_told(step: Step, output: str, reason: Reason, package: str | None) -> None:
    failure = diagnose(step, ExitStatus(1), output)
    assert (failure.reason, failure.package, failure.manager) == (reason, package, step.manager)


def test_how_it_ended_says_more_than_what_it_wrote() -> None:
    assert diagnose(PIP, ExitStatus(137, 9, oom=True), "No space left").reason is Reason.OUT_OF_MEMORY
    late = diagnose(PIP, ExitStatus(137, 9, timed_out=True), "")
    assert (late.reason, late.message) == (Reason.TIMED_OUT, "pip failed: it took longer than a build may")


def test_the_line_that_looks_like_an_error_is_shown() -> None:
    failure = diagnose(APT, ExitStatus(100), "Reading lists\nE: Unable to locate package no-such\nmore\n")
    assert failure.message == "apt could not install no-such: E: Unable to locate package no-such"
    assert diagnose(CARGO, ExitStatus(3), "").message == "cargo could not install ripgrep@1: it ended with 3"
