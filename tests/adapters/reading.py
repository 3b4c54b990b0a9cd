"""What a reader reads of a PDF."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader


def text(pdf: bytes) -> str:
    """The words of all pages, with plain spaces."""
    words = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return re.sub("[\u00a0\u202f]", " ", words.replace("\u200b", ""))
