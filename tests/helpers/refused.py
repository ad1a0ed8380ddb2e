"""What AWS must refuse, as one line of a test."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Any, code: str, words: str = "", **request: Any) -> None:
    """Call an operation of boto3's, and fail unless it is refused with AWS's code and these words in the message."""
    with pytest.raises(ClientError) as refusal:
        call(**request)
    error = refusal.value.response["Error"]
    assert error["Code"] == code, error
    assert words in error["Message"], error
