from collections.abc import Callable

from antechamber.cli.help import topics
from antechamber.cli.reference import golden_help, page


def test_the_help_of_every_command_is_as_reviewed(golden: Callable[[str, str], None]) -> None:
    golden("help.txt", golden_help())


def test_the_page_has_every_command_and_topic() -> None:
    text = page()
    assert "## `ante messages create`" in text
    for name in topics():
        assert f"## Topic: {name}" in text
