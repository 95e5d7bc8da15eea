"""The code blocks of READMEs and guides, run as a reader would against a live server.

Which blocks run is said in their first line, behind the language; GitHub shows the same colours with it and without:

    ```sh run           in a shell, with the variables that `variables` lists; it must succeed
    ```sh run fresh     the same, with an empty folder as $DATA
    ```sh run sandbox   the same, where containers can run; ```python run sandbox likewise
    ```python run       with the newest SDK that it imports, or with us; ```js run likewise
    ```toml run         as the file of `ante config show --config FILE`
    ```text shows       right after one of them: its lines are found in what was printed, in this order; ... is anything
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.environments import node_environment, python_environment
from tests.live import LiveServer, clean_environment

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/guides/*.md")])
SECONDS = 60
FENCE = re.compile(
    r"^```(?P<language>\w+) run(?: (?P<how>fresh|sandbox))?\n(?P<code>.*?)^```\n"
    r"(?:\n*```\w+ shows\n(?P<shown>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
FOREIGN = {"python", "js"}


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    fresh: bool
    is_contained: bool
    code: str
    shown: str

    def parameter(self) -> object:
        marks = [pytest.mark.clients] if self.language in FOREIGN else []
        marks = [pytest.mark.sandbox] if self.is_contained else marks
        return pytest.param(self, id=f"{self.page.name}:{self.line}", marks=marks)


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            found["how"] == "fresh",
            found["how"] == "sandbox",
            found["code"],
            found["shown"] or "",
        )
        for found in FENCE.finditer(text)
    ]


def command(block: Block, folder: Path) -> list[str]:
    """Return what runs a block whose text is put into the folder."""
    if block.language == "sh":
        return ["sh", "-eu", "-c", block.code]
    if block.language == "toml":
        (folder / "antechamber.toml").write_text(block.code, encoding="utf-8")
        return [sys.executable, "-m", "antechamber", "config", "show", "--config", "antechamber.toml"]
    if block.language == "js":
        (folder / "node_modules").symlink_to(node_environment() / "node_modules")
        (folder / "block.mjs").write_text(block.code, encoding="utf-8")
        return ["node", "block.mjs"]
    if "antechamber" in block.code:
        return [sys.executable, "-P", "-c", block.code]
    sdk = "openai-3" if "openai" in block.code else "anthropic-2"
    return [str(python_environment(sdk)), "-P", "-c", block.code]


def variables(server: LiveServer, folder: Path, *, fresh: bool) -> dict[str, str]:
    # the README puts .venv/bin on the PATH, as after `make start`
    (folder / ".venv" / "bin").mkdir(parents=True)
    ante = folder / ".venv" / "bin" / "ante"
    ante.write_text(f'#!/bin/sh\nexec {sys.executable} -m antechamber "$@"\n', encoding="utf-8")
    ante.chmod(0o755)
    return {
        "ANTHROPIC_BASE_URL": server.base_url,
        "ANTHROPIC_API_KEY": server.api_key,
        "ANTHROPIC_ADMIN_KEY": server.admin_key,
        "OPENAI_BASE_URL": f"{server.base_url}/v1",
        "OPENAI_API_KEY": server.api_key,
        "DATA": str(folder / "data" if fresh else server.data),
        "UPSTREAM_KEY": "sk-made-up",
        "HOME": str(folder),
        "PATH": f"{ante.parent}{os.pathsep}{os.environ['PATH']}",
    }


def missing(shown: str, printed: str) -> str | None:
    """Return the first line that is not found after those before it."""
    rest = printed
    for line in filter(None, map(str.strip, shown.splitlines())):
        found = re.search(".*?".join(map(re.escape, line.split("..."))), rest)
        if found is None:
            return line
        rest = rest[found.end() :]
    return None


@pytest.mark.parametrize("block", [block.parameter() for page in PAGES for block in blocks(page)])
def test_a_block_does_what_its_page_says(block: Block, live: LiveServer, tmp_path: Path) -> None:
    if block.language == "js" and shutil.which("node") is None:
        pytest.fail("node is not installed")
    environment = clean_environment(variables(live, tmp_path, fresh=block.fresh))
    done = subprocess.run(
        command(block, tmp_path),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    # curl ends well with an error body
    assert '"type":"error"' not in done.stdout, done.stdout
    lost = missing(block.shown, done.stdout)
    assert lost is None, f"{lost!r} is not in:\n{done.stdout}"


def test_both_readmes_run_the_same_number_of_blocks() -> None:
    assert len(blocks(ROOT / "README.md")) == len(blocks(ROOT / "README.zh-CN.md"))


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_a_page_links_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
