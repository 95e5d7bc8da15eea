"""What is asked of the kernel directly."""

import os
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.oci import kernel


def test_a_sealed_copy_is_the_same_and_stays_so(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(os.urandom(3_000_000))
    copy = kernel.sealed_copy(program)
    try:
        assert Path(f"/proc/self/fd/{copy}").read_bytes() == program.read_bytes()
        for change in (lambda: os.pwrite(copy, b"x", 0), lambda: os.ftruncate(copy, 0), lambda: os.write(copy, b"x")):
            with pytest.raises(PermissionError):
                change()
    finally:
        os.close(copy)
