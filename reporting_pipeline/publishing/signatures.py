"""The signatures of a report's manifests: a key alone, new or changed, makes no edition.

inside a file    while what is signed stays the same, the edition keeps the signature that it has,
                 or has not; otherwise the key of now signs
beside a file    always the key of now, because another manifest beside a file changes no byte of
                 it; without a key the former signature stays while it fits
"""

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.signing import Signer


def signed_within(manifest: Manifest, former: Manifest | None, signer: Signer | None) -> Manifest:
    """The manifest of a document with its signature, if it has one.

    Args:
        manifest: The unsigned manifest of the report.
        former: The manifest beside the current edition, if there is one.
        signer: The key of now, if there is one.
    """
    if former is not None and former.signed_content == manifest.signed_content:
        return manifest.model_copy(update={"digital_signature": former.digital_signature})
    return manifest if signer is None else signer.signed(manifest)


def signed_beside(manifest: Manifest, former: Manifest | None, signer: Signer | None) -> Manifest:
    """The manifest beside a file with the signature of the whole, if it has one."""
    if signer is not None:
        return signer.signed_beside(manifest)
    is_same = former is not None and former.signed_file == manifest.signed_file
    return former if former is not None and is_same else manifest
