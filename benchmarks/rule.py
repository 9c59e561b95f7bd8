"""The rule of six criteria that the comparison and the storing time."""

import shutil
import tempfile
from pathlib import Path

from app.policy.catalogue import CATALOGUES, DEFAULT_CATALOGUE, Version
from app.policy.checker import load_catalogue

CODE = "six-criteria"
FACTS_READ = (
    "stage",
    "school_area",
    "boards",
    "hardship",
    "household_size",
    "income_per_head_fen",
)
_TEXT = Path(__file__).with_name("six.toml")


def six_criteria() -> Version:
    """The rule, read and checked as any programme is: its worked examples run too."""
    with tempfile.TemporaryDirectory(prefix="aid-bench-") as place:
        catalogue = Path(place) / "bench"
        catalogue.mkdir()
        shutil.copy(CATALOGUES / DEFAULT_CATALOGUE / "calendar.toml", catalogue)
        shutil.copy(_TEXT, catalogue / f"{CODE}.toml")
        return load_catalogue(catalogue).programme(CODE).versions[0]
