"""`reporting keys new`: a pair of keys, which no one else may read, and which signs."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, FilePart
from reporting_pipeline.exports.signing import PublicKey, Signer
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_a_new_pair_says_how_to_install_it(tmp_path: Path) -> None:
    private = tmp_path / "signing.pem"

    result = run("keys", "new", private)

    assert result.exit_code == 0, result.output
    public = tmp_path / "signing.pem.pub"
    key = PublicKey.read(public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert Signer.of_pem(private.read_text()).public_key.id == key.id
    assert result.output.splitlines() == [
        f"key {key.id}",
        f"private: {private}; keep it secret, and set REPORTING_SIGNING_KEY={private}",
        f"public:  {public}; give it to your readers: reporting verify FILE --key KEY",
    ]


@pytest.mark.parametrize("taken", ["signing.pem", "signing.pem.pub"])
def test_a_key_is_never_replaced(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("kept")

    result = run("keys", "new", tmp_path / "signing.pem")

    assert result.exit_code == 1
    assert "exists: name a new file" in result.output
    assert [each.read_text() for each in tmp_path.iterdir()] == ["kept"]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    result = run("keys", "new", tmp_path / "none" / "signing.pem")
    assert result.exit_code == 1
    assert "was not written" in result.output


def test_the_setting_is_a_path_or_the_key_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "signing.pem"
    run("keys", "new", private)
    pem = private.read_text()
    for value in (str(private), pem, pem.replace("\n", "\\n")):
        monkeypatch.setenv("REPORTING_SIGNING_KEY", value)
        settings = Settings.from_environment()
        assert settings.signing_key_pem() == pem
        assert pem.splitlines()[1] not in repr(settings)
    monkeypatch.setenv("REPORTING_SIGNING_KEY", "")
    assert Settings.from_environment().signing_key_pem() is None
    monkeypatch.setenv("REPORTING_SIGNING_KEY", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="names a file that cannot be read"):
        Settings.from_environment().signing_key_pem()
    monkeypatch.setenv("REPORTING_SIGNING_KEY", str(private))
    private.chmod(0o666)
    with pytest.raises(SettingsError, match=f"chmod 600 {private}"):
        Settings.from_environment().signing_key_pem()


def test_verify_with_a_key_says_authentic_or_refuses_in_one_sentence(tmp_path: Path) -> None:
    run("keys", "new", tmp_path / "ours")
    run("keys", "new", tmp_path / "other")
    signer = Signer.of_pem((tmp_path / "ours").read_text())
    file = tmp_path / "report.csv"
    report = document(tmp_path, EVERY_TYPE, ROWS)
    CSV.write(report, file)
    proof = tmp_path / "report.json"
    proof.write_text(signer.signed(report.manifest).to_json())
    ours, other = tmp_path / "ours.pub", tmp_path / "other.pub"

    good = run("verify", file, "--manifest", proof, "--key", other, "--key", ours)
    wrong = run("verify", file, "--manifest", proof, "--key", other)
    proof.write_text(report.manifest.to_json())
    stripped = run("verify", file, "--manifest", proof, "--key", ours)
    private = run("verify", file, "--manifest", proof, "--key", tmp_path / "ours")

    assert good.exit_code == 0, good.output
    assert "report.csv is authentic:" in good.output
    assert f"key {signer.public_key.id}, the manifest inside, and the rows" in good.output
    assert (wrong.exit_code, stripped.exit_code, private.exit_code) == (1, 1, 1)
    assert "report.csv is NOT authentic:" in wrong.output
    assert len(wrong.output.splitlines()) == 3
    assert "is not signed" in stripped.output
    assert "is a private key: name the public key" in private.output


def test_files_of_the_manifest_suffix_are_not_keys(tmp_path: Path) -> None:
    path = tmp_path / f"a{MANIFEST_SUFFIX}"
    path.write_text(FilePart(name="a", format="csv", byte_count=1, sha256="0").model_dump_json())
    assert "is no public key in PEM" in run("verify", path, "--key", path).output
