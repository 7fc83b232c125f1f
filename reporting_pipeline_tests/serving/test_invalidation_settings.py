"""The settings bound the caches; what is out of bounds is refused before anything runs."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.serving.invalidation import open_caches
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store


@pytest.mark.parametrize("seconds", ["599", "1801", "soon"])
def test_a_time_out_of_bounds_is_refused_by_its_name(
    seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_HOT_CACHE_TTL_SECONDS", seconds)
    with pytest.raises(SettingsError, match="REPORTING_HOT_CACHE_TTL_SECONDS"):
        Settings.from_environment()


def test_the_defaults_open_the_caches(tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    caches = open_caches(settings, open_store(str(tmp_path)), time.monotonic)
    assert caches.reports._files._bounds.ttl_seconds == 900
    assert caches.summaries._rows._bounds.max_bytes == 64 * 1024 * 1024
