"""Certificates in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riemgn.markup import card, told

if TYPE_CHECKING:
    from riemgn.theory.certificate import Certificate
    from riemgn.theory.optimum import OptimumCertificate


def certificate_card(title: str, certificate: Certificate | OptimumCertificate) -> str:
    """Return why a certificate applies or not, and its numbers."""
    rows = [(name.strip(), told(value)) for name, value in certificate.rows()]
    return card(title, [("why", certificate.why), *rows])
