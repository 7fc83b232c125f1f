"""The API's own key is made once, is private, and signs tokens that are accepted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.errors import EnvironmentNotReady, TokenRefused
from reporting_pipeline.serving.api.local_keys import LocalKey, LocalTokens
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import BERLIN


def token_of(key: LocalKey, *, hours: int = 1) -> str:
    return key.token(
        "reporting",
        Role.APPROVER,
        subject="anna",
        organization_id=BERLIN,
        now=datetime.now(UTC),
        lifetime=timedelta(hours=hours),
    )


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = LocalKey.of_home(tmp_path), LocalKey.of_home(tmp_path)
    file = tmp_path / "api" / "key.pem"

    assert first.signer.pem == second.signer.pem
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [each.name for each in file.parent.iterdir()] == ["key.pem"]


def test_a_token_of_the_key_is_accepted_and_one_of_another_home_is_not(tmp_path: Path) -> None:
    key, other = LocalKey.of_home(tmp_path / "one"), LocalKey.of_home(tmp_path / "two")
    tokens = LocalTokens(key, "reporting")

    assert tokens.claims(token_of(key)).role is Role.APPROVER
    with pytest.raises(TokenRefused, match="signature"):
        tokens.claims(token_of(other))


def test_a_token_ends(tmp_path: Path) -> None:
    key = LocalKey.of_home(tmp_path)

    with pytest.raises(TokenRefused, match="expired"):
        LocalTokens(key, "reporting").claims(token_of(key, hours=-1))


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    LocalKey.of_home(tmp_path)
    (tmp_path / "api" / "key.pem").chmod(0o644)

    with pytest.raises(EnvironmentNotReady, match="chmod 600"):
        LocalKey.of_home(tmp_path)
