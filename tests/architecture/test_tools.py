"""The tools that make releases, certificates and test runs do what they say."""

import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509

from tools import certificate, changelog, suites

LONGEST_RUN = 29 * 60


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("How.\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n{changelog.MARK}\n\n## 0.1.0 (2026-01-01)\n", encoding="utf-8"
    )
    return tmp_path


def test_fragments_become_a_section_above_the_last_release(root: Path) -> None:
    (root / "changes" / "faster.changed.md").write_text("It is faster.\nMuch.\n", encoding="utf-8")
    (root / "changes" / "streams.added.md").write_text("Streams.\n", encoding="utf-8")
    changelog.fold(root, "0.2.0", "2026-02-03")
    expected = (
        f"# Changelog\n\n{changelog.MARK}\n\n## 0.2.0 (2026-02-03)\n\n### Added\n\n- Streams.\n\n"
        "### Changed\n\n- It is faster.\n  Much.\n\n## 0.1.0 (2026-01-01)\n"
    )
    assert (root / "CHANGELOG.md").read_text(encoding="utf-8") == expected
    assert [path.name for path in (root / "changes").iterdir()] == ["README.md"]


@pytest.mark.parametrize("name", ["streams.md", "streams.new.md", "Streams.added.md", "streams.added.txt"])
def test_a_file_that_is_no_fragment_is_named(root: Path, name: str) -> None:
    (root / "changes" / name).write_text("Streams.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=name):
        changelog.fold(root, "0.2.0", "2026-02-03")


@pytest.mark.parametrize(("version", "date"), [("0.1.0", "2026-02-03"), ("0.2.0", "today")])
def test_a_second_release_of_one_version_or_without_a_date_is_refused(root: Path, version: str, date: str) -> None:
    (root / "changes" / "streams.added.md").write_text("Streams.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is there already"):
        changelog.fold(root, version, date)


def test_a_release_of_nothing_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match="no fragment"):
        changelog.fold(root, "0.2.0", "2026-02-03")


def test_the_fragments_that_are_there_can_be_folded(repository: Path) -> None:
    changelog.fragments(repository / "changes")
    assert changelog.MARK in (repository / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_local_certificate_names_this_machine_and_is_kept_while_it_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "tls"
    assert certificate.main([str(folder)]) == 0
    made = (folder / "cert.pem").read_bytes()
    names = x509.load_pem_x509_certificate(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert certificate.main([str(folder)]) == 0
    assert (folder / "cert.pem").read_bytes() == made
    assert not certificate.is_good(folder, dt.datetime.now(dt.UTC) + certificate.LIFETIME)


def test_every_test_belongs_to_exactly_one_suite() -> None:
    for marked in ({"postgres"}, {"postgres", "faults"}, {"clients", "soak"}, set(suites.MARKERS), set[str]()):
        values = {marker: marker in marked for marker in suites.MARKERS}
        chosen = [suite.name for suite in suites.SUITES if eval(suite.expression, {}, values)]  # noqa: S307 - our own
        assert len(chosen) == 1, marked


def test_every_suite_looks_where_its_tests_are(others: list[pytest.Item], repository: Path) -> None:
    """The `quick` suite collects everything: what it leaves is what the others have to find."""
    lost = []
    for item in others:
        suite = suites.suite_of({mark.name for mark in item.iter_markers()})
        places = [repository / place for place in suite.places]
        if places and not any(item.path.is_relative_to(place) for place in places):
            lost.append(f"{suite.name} does not look at {item.nodeid}")
    assert not lost
    assert all((repository / place).exists() for suite in suites.SUITES for place in suite.places)


def test_all_suites_together_end_within_twenty_nine_minutes() -> None:
    assert sum(suite.usual_seconds for suite in suites.SUITES) <= LONGEST_RUN
    assert all(suite.usual_seconds < suite.all_seconds <= 3 * suite.usual_seconds for suite in suites.SUITES)


def test_an_empty_suite_does_not_pass() -> None:
    suite = suites.Suite("quick", processes=0, test_seconds=1, all_seconds=1)
    assert suites.verdict(suite, suites.NO_TESTS) == "empty"
    assert suites.verdict(suite, 0) == "passed"
    assert suites.verdict(suite, 1) == "failed"
    assert suites.verdict(suite, suites.OVERDUE) == "over 1 s"


def suite_of(folder: Path, text: str) -> suites.Suite:
    """Return a suite of one test, in a folder of its own."""
    (folder / "test_one.py").write_text(f"import pathlib\n\n\ndef test_one() -> None:\n    {text}\n", encoding="utf-8")
    return suites.Suite("quick", processes=0, test_seconds=20, all_seconds=50)


def test_what_fails_beside_others_and_passes_alone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    suite = suite_of(tmp_path, "mark = pathlib.Path('mark'); seen = mark.exists(); mark.touch(); assert seen")
    ended = suites.attempt(suite, coverage=False)
    assert (ended.is_good, ended.lost, len(ended.busy)) == (True, [], 1)
    assert "test_one" in ended.busy[0]


def test_what_fails_alone_too_is_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = suites.attempt(suite_of(tmp_path, "assert not pathlib.Path.cwd()"), coverage=False)
    assert (ended.is_good, ended.word, len(ended.lost), ended.busy) == (False, "failed", 1, [])
