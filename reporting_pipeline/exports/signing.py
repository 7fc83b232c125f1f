"""Signs manifests with Ed25519, and checks their signatures.

    key id      the first 16 hexadecimal digits of the SHA-256 of the public key's 32 bytes
    private     PEM, PKCS #8, not encrypted; the setting REPORTING_SIGNING_KEY
    public      PEM, SubjectPublicKeyInfo; `reporting verify --key`

A manifest has two signatures. One is of the manifest inside a file, so a file that travels alone is
signed too. The other is of the manifest beside the file, with the digest of all its bytes. The same
key and manifest always give the same signature.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reporting_pipeline.errors import FileUnreadable, SettingsError
from reporting_pipeline.exports.manifest import Manifest, SignaturePart
from reporting_pipeline.guards.regular_file import open_regular

_KEY_ID_DIGITS = 16
_MAX_KEY_BYTES = 64 * 1024
_HOW_TO_MAKE = "`reporting keys new FILE` makes a pair of keys"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, which checks signatures."""

    key: Ed25519PublicKey

    @classmethod
    def read(cls, path: Path) -> "PublicKey":
        """The public key in a PEM file.

        Raises:
            FileUnreadable: The file cannot be read, or holds no public key of Ed25519.
        """
        try:
            with open_regular(path) as file:
                content = file.read(_MAX_KEY_BYTES)
        except OSError as error:
            raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
        if b"PRIVATE KEY" in content:
            message = f"{path} is a private key: name the public key, which ends in .pub"
            raise FileUnreadable(message)
        try:
            key = serialization.load_pem_public_key(content)
        except (ValueError, TypeError) as error:
            raise FileUnreadable(f"{path} is no public key in PEM: {_HOW_TO_MAKE}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise FileUnreadable(f"{path} is a key of another kind than Ed25519: {_HOW_TO_MAKE}")
        return cls(key)

    @property
    def id(self) -> str:
        """The id of the pair of keys."""
        raw = self.key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(raw).hexdigest()[:_KEY_ID_DIGITS]

    @property
    def pem(self) -> str:
        """The key as text."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def has_signed(self, content: bytes, part: SignaturePart) -> bool:
        """True if the signature is of this content, by this key."""
        try:
            self.key.verify(base64.b64decode(part.value, validate=True), content)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return part.key_id == self.id


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, which signs manifests; its text never leaves this object."""

    key: Ed25519PrivateKey

    @classmethod
    def of_pem(cls, text: str) -> "Signer":
        """The signer with a private key as text.

        Raises:
            SettingsError: The text is no private key of Ed25519 without a passphrase.
        """
        problem = f"REPORTING_SIGNING_KEY is no private key of Ed25519 in PEM: {_HOW_TO_MAKE}"
        try:
            key = serialization.load_pem_private_key(text.encode(), password=None)
        except TypeError as error:
            message = "REPORTING_SIGNING_KEY has a passphrase, which cannot be entered: remove it"
            raise SettingsError(message) from error
        except ValueError:
            raise SettingsError(problem) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingsError(problem)
        return cls(key)

    @classmethod
    def new(cls) -> "Signer":
        """A signer with a new key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public_key(self) -> PublicKey:
        """The key that checks its signatures."""
        return PublicKey(self.key.public_key())

    @property
    def pem(self) -> bytes:
        """The private key as text, to be written into a file with mode 0600."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def signed(self, manifest: Manifest) -> Manifest:
        """The manifest inside a file, with its signature."""
        part = self._signature(manifest.signed_content)
        return manifest.model_copy(update={"digital_signature": part})

    def signed_beside(self, manifest: Manifest) -> Manifest:
        """The manifest beside a file, with the signature of the part about the file.

        The signature of what is inside the file stays as the file has it.
        """
        if manifest.file is None:
            return manifest
        part = self._signature(manifest.signed_file)
        file = manifest.file.model_copy(update={"digital_signature": part})
        return manifest.model_copy(update={"file": file})

    def _signature(self, content: bytes) -> SignaturePart:
        value = base64.b64encode(self.key.sign(content)).decode()
        return SignaturePart(key_id=self.public_key.id, value=value)
