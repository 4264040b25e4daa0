"""Short names for long things."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(*parts: Any) -> str:
    """56 hexadecimal digits that stand for `parts`, the same on every machine."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:56]
