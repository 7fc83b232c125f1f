"""What is malformed is refused by its name, and no secret is shown."""

import pytest

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import Settings


@pytest.mark.parametrize(
    "address", ["redis.internal:6379", "http://:s3cret@redis", "redis://:s3cret@redis:port/0", ""]
)
def test_what_is_no_address_of_redis_is_refused_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_REDIS_URL", address)
    with pytest.raises(
        SettingsError, match=r"REPORTING_REDIS_URL: .* no address of Redis"
    ) as caught:
        Settings.from_environment()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["redis://127.0.0.1:6379/0", "rediss://:s3cret@redis.internal", "unix:///run/redis"]
)
def test_an_address_of_redis_is_taken_as_it_is(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_REDIS_URL", address)
    assert Settings.from_environment().redis_address() == address
