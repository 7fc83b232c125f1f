"""The engine of the settings is found, or its packages are named."""

from pathlib import Path

import pytest

from reporting_pipeline.building.engines.engine import Engine, engine_of
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.settings import Settings


def test_without_a_setting_postgresql_computes_the_tables() -> None:
    settings = Settings.from_environment()

    assert engine_of(settings.engine, settings.engine_folder) is None


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = Engine(name="duckdb", folder=tmp_path / "a" / "b")

    with engine.own_folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0


def test_an_engine_that_is_not_installed_names_what_to_install(tmp_path: Path) -> None:
    engine = Engine(name="none", folder=tmp_path)

    with pytest.raises(EnvironmentNotReady, match=r"pip install 'reporting-pipeline\[none\]'"):
        engine.require()
