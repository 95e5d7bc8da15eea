"""What the published page on cloud environments types, for every test that types it."""

from typing import Any, Final

UNRESTRICTED: Final = "{type: cloud, networking: {type: unrestricted}}"
# its document on stdin, and what it says
DATA_ANALYSIS: Final = """\
name: data-analysis
config:
  type: cloud
  packages:
    pip:
      - pandas
      - numpy
      - scikit-learn
    npm:
      - express
  networking:
    type: unrestricted
"""
DATA_PACKAGES: Final[dict[str, Any]] = {"pip": ["pandas", "numpy", "scikit-learn"], "npm": ["express"]}
# an example for each manager; the page's own, but for the two that its host hides behind a mark for addresses
EXAMPLES: Final[dict[str, Any]] = {
    "apt": ["ffmpeg"],
    "cargo": ["ripgrep@14.0.0"],
    "gem": ["rails:7.1.0"],
    "go": ["golang.org/x/tools/cmd/goimports@latest"],
    "npm": ["express@4.18.0"],
    "pip": ["pandas==2.2.0"],
}
