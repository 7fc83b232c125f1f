"""Signing: the same key and manifest give the same signature; keys are read, or refused."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reporting_pipeline.errors import FileUnreadable, SettingsError
from reporting_pipeline.exports.manifest import FilePart, Manifest
from reporting_pipeline.exports.signing import PublicKey, Signer
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document

SEED = bytes(range(32))
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + base64.b64encode(bytes.fromhex("302e020100300506032b657004220420") + SEED).decode()
    + "\n-----END PRIVATE KEY-----\n"
)
FILE = FilePart(name="a.csv", format="csv", byte_count=3, sha256="0" * 64)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return document(tmp_path, EVERY_TYPE, ROWS).manifest


def test_a_signature_is_that_of_the_bytes_before_it(manifest: Manifest) -> None:
    """Checked with the library alone, as another program would."""
    signer = Signer.of_pem(PEM)
    key = Ed25519PrivateKey.from_private_bytes(SEED).public_key()

    signed = signer.signed_beside(signer.signed(manifest).of_file(FILE))

    assert signed.file is not None
    inside, beside = signed.digital_signature, signed.file.digital_signature
    assert inside is not None
    assert beside is not None
    text = "reporting manifest within a file\n" + manifest.to_json()
    key.verify(base64.b64decode(inside.value), text.encode())
    whole = signed.model_copy(update={"file": FILE}).to_json()
    text = "reporting manifest beside a file\n" + whole
    key.verify(base64.b64decode(beside.value), text.encode())
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    assert inside.key_id == beside.key_id == hashlib.sha256(raw).hexdigest()[:16]


def test_the_same_key_and_manifest_give_the_same_bytes(manifest: Manifest) -> None:
    first, second = Signer.of_pem(PEM), Signer.of_pem(PEM)
    assert first.signed(manifest).to_json() == second.signed(manifest).to_json()
    assert Signer.new().signed(manifest) != first.signed(manifest)


def test_a_manifest_without_a_key_is_as_before(manifest: Manifest) -> None:
    assert "digital_signature" not in manifest.of_file(FILE).to_json()


def test_a_signed_manifest_reads_back(manifest: Manifest) -> None:
    signer = Signer.of_pem(PEM)
    text = signer.signed_beside(signer.signed(manifest).of_file(FILE)).to_json()
    assert Manifest.of_json(text).to_json() == text


@pytest.mark.parametrize("text", ["", "key", PEM[:60], PEM.replace("PRIVATE", "PUBLIC")])
def test_a_text_that_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="REPORTING_SIGNING_KEY is no private key") as refused:
        Signer.of_pem(text)
    assert PEM.splitlines()[1] not in str(refused.value)


def test_keys_of_another_kind_and_with_a_passphrase_are_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    text = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    with pytest.raises(SettingsError, match="no private key of Ed25519"):
        Signer.of_pem(text)
    locked = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    with pytest.raises(SettingsError, match="has a passphrase"):
        Signer.of_pem(locked.decode())
    path = tmp_path / "other.pub"
    path.write_bytes(
        other.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    with pytest.raises(FileUnreadable, match="another kind than Ed25519"):
        PublicKey.read(path)


def test_a_public_key_is_read_and_a_private_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(Signer.of_pem(PEM).public_key.pem)
    assert PublicKey.read(path).id == Signer.of_pem(PEM).public_key.id
    path.write_text(PEM)
    with pytest.raises(FileUnreadable, match="is a private key"):
        PublicKey.read(path)
    with pytest.raises(FileUnreadable, match="cannot be read"):
        PublicKey.read(tmp_path / "none.pub")
