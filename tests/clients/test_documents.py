"""The READMEs and guides, run as they stand, with only the address and the keys filled in."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from antechamber.base.secret import Secret
from antechamber.features.gateway.service.catalogue import read_catalogue
from tests.clients.environments import ROOT, python_environment
from tests.live import LiveServer, clean_environment

READMES = ("README.md", "README.zh-CN.md")
ANTE = Path(sys.executable).with_name("ante")


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def environment(live: LiveServer) -> dict[str, str]:
    return clean_environment(
        {
            "ANTHROPIC_BASE_URL": live.base_url,
            "ANTHROPIC_API_KEY": live.api_key,
            "ADMIN_KEY": live.admin_key,
            "HOME": os.devnull,
        }
    )


@pytest.mark.parametrize("document", READMES)
def test_the_python_of_a_readme_runs_on_the_newest_sdk(live: LiveServer, document: str) -> None:
    (program,) = blocks(document, "python")
    command = [str(python_environment("anthropic-2")), "-c", program]
    done = subprocess.run(command, env=environment(live), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("17 * 3 = 51") or "51" in done.stdout


@pytest.mark.parametrize("document", READMES)
def test_the_shell_lines_of_a_readme_answer(live: LiveServer, document: str) -> None:
    typed = [block for block in blocks(document, "sh") if "curl" in block or "ante " in block]
    assert len(typed) == 3
    for block in typed:
        script = "set -e\n" + block.replace(".venv/bin/ante", str(ANTE)).replace("curl ", "curl -sS --fail ")
        done = subprocess.run(
            ["sh", "-c", script], env=environment(live), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        assert done.stdout.strip()


@pytest.mark.parametrize("document", [*READMES, "docs/guides/providers.md"])
def test_the_configuration_that_a_document_shows_is_read(document: str) -> None:
    for text in blocks(document, "toml"):
        catalogue = read_catalogue(tomllib.loads(text), lambda text, _: Secret(text), {})
        assert catalogue.providers


def test_the_guide_to_the_first_run_runs(tmp_path: Path) -> None:
    init, _serve, token = blocks("docs/guides/first-run.md", "sh")
    script = (init + token.partition("\n")[0]).replace("/var/lib/antechamber", str(tmp_path / "data"))
    script = script.replace("ante ", f"{ANTE} ") + '\ntest -n "$TOKEN"\n'
    done = subprocess.run(
        ["sh", "-ec", script],
        env=clean_environment({"HOME": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"api_key": "sk-ant-api03-' in done.stdout
