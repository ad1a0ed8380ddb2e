"""The errors drkit raises. Each is also a built-in error that callers expect, and its text is a sentence."""

from __future__ import annotations


class DrkitError(Exception):
    """Anything drkit refuses, with a sentence that says what to do next."""


class SnapshotError(DrkitError, ValueError):
    """A snapshot is missing, damaged or of another schema."""


class OfferError(SnapshotError):
    """A price list of AWS is damaged, or no longer laid out as drkit knows it."""


class PriceError(DrkitError, LookupError):
    """A price lookup did not match exactly one row."""


class NoPriceError(PriceError):
    """No row of the snapshot has the price that was looked up.

    Parameters
    ----------
    sentence
        What is missing, and what is nearest.
    region, purchase
        Where it was looked up, and how it was to be bought, as price rows call both.
    """

    def __init__(self, sentence: str, region: str, purchase: str) -> None:
        super().__init__(sentence, region, purchase)
        self.region = region
        self.purchase = purchase

    def __str__(self) -> str:
        return str(self.args[0])


class WorkloadError(DrkitError, ValueError):
    """A workload file is wrong; the text lists every error with its line."""


class UnsupportedError(DrkitError, ValueError):
    """AWS does not allow this, or no fact at hand says that it does; the text says why."""


class ParameterError(DrkitError, ValueError):
    """A command's or notebook's parameter is unknown or ill-typed."""


class TfvarsError(DrkitError, ValueError):
    """Tfvars that cannot be read or written, or that the Terraform stack would refuse."""


class MissingPackageError(DrkitError, ImportError):
    """A package that a part of drkit needs is not installed; the text says how to install it."""


class RefreshError(DrkitError, OSError):
    """Prices could not be fetched or kept; the text says what happened, and the snapshots are as they were."""
