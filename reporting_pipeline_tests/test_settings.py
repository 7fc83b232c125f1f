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
