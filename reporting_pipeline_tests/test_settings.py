"""Malformed settings are refused by name, and no secret is shown."""

import pytest

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import Settings


@pytest.mark.parametrize(
    "address", ["redis.internal:6379", "http://:s3cret@redis", "redis://:s3cret@redis:port/0", ""]
)
def test_a_malformed_redis_address_is_refused_without_showing_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_REDIS_URL", address)
    with pytest.raises(
        SettingsError, match=r"REPORTING_REDIS_URL: .* not an address of Redis"
    ) as caught:
        Settings.from_environment()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["redis://127.0.0.1:6379/0", "rediss://:s3cret@redis.internal", "unix:///run/redis"]
)
def test_a_valid_redis_address_is_kept_unchanged(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_REDIS_URL", address)
    assert Settings.from_environment().redis_address() == address


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("REPORTING_DATABSE_URL", "REPORTING_DATABSE_URL (the nearest is REPORTING_DATABASE_URL)"),
        ("reporting_store", "reporting_store (the nearest is REPORTING_STORE_URL)"),
        ("REPORTING_XQZ", "REPORTING_XQZ: correct"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one_and_without_its_value(
    name: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "s3cret")

    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()

    assert f"no setting has the name {shown}" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_the_variables_of_dbt_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_DBT_HOST", "127.0.0.1")

    assert Settings.from_environment() == Settings()
