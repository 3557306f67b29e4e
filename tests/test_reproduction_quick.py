"""All claims at their quick settings, through the run that `riemgn reproduce --quick` makes."""

import json

import pytest

from riemgn.reproduction import CLAIMS
from riemgn.reproduction.run import reproduce

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    reproduce(list(CLAIMS), "quick", folder, jobs=2)
    return folder


@pytest.mark.parametrize("key", CLAIMS)
def test_the_claim_holds_at_its_quick_settings(folder, key):
    row = json.loads((folder / "claims.json").read_text())[key]
    assert row["holds"], [check for check in row["checks"] if not check["holds"]]
    assert row["caption"]
    assert (folder / f"{key}.png").stat().st_size > 5000
    assert f'<section id="{key}">' in (folder / "index.html").read_text()
