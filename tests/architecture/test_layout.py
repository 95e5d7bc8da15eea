"""The tree keeps its layout."""

from pathlib import Path

from tools import layout

LONGEST_DECISION = 40
LONGEST_ARCHITECTURE = 120


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_source_passes_four_hundred_lines(package: Path) -> None:
    assert layout.lengths(package) == []


def test_every_name_says_something_and_features_have_only_their_fixed_files(package: Path) -> None:
    assert layout.strange_names(package) == []


def test_clock_chance_and_environment_are_read_in_one_place_each(package: Path) -> None:
    assert layout.stray_reads(package) == []


def test_a_feature_uses_only_model_ports_and_service_of_another(package: Path) -> None:
    assert layout.stray_neighbours(package) == []


def test_a_decision_fits_on_a_page(repository: Path) -> None:
    decisions = sorted((repository / "docs" / "decisions").glob("*.md"))
    assert decisions
    assert [path.name for path in decisions if _lines(path) > LONGEST_DECISION] == []


def test_the_architecture_stays_readable_in_one_sitting(repository: Path) -> None:
    assert _lines(repository / "ARCHITECTURE.md") <= LONGEST_ARCHITECTURE


def test_pins_carry_hashes_and_name_no_address_or_path(repository: Path) -> None:
    for path in sorted((repository / "requirements").glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith(("#", "--"))]
        assert pins
        assert [pin for pin in pins if not pin.endswith("\\")] == []
        assert "://" not in text
        assert "--index" not in text
