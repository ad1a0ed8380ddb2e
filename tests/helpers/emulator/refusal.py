"""What AWS answers when it refuses."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refusal(ServiceException):
    """An error with AWS's code and message, in the service that it is raised in.

    moto's own class would do, but asks the service named by the exception's module, and there is none for ours.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
