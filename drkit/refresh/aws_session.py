"""Clients of AWS's APIs, and its errors as sentences; boto3 is loaded when it is used."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drkit.errors import RefreshError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clients:
    """Makes clients with the settings boto3's users know: profile, region, endpoint, proxy and certificates.

    Parameters
    ----------
    profile
        Profile of the AWS configuration; None is the one of ``AWS_PROFILE``, or the default.
    endpoint
        Address that takes the place of every service's; ``AWS_ENDPOINT_URL`` does the same without it.
    ca_bundle
        Certificates to trust; ``AWS_CA_BUNDLE`` without it.
    """

    def __init__(self, profile: str | None = None, endpoint: str | None = None, ca_bundle: str | None = None) -> None:
        self.profile = profile
        self.endpoint = endpoint
        self.ca_bundle = ca_bundle
        self._session: Any = None

    def __call__(self, service: str, region: str) -> Any:
        """Return a client of a service in a region."""
        import boto3
        from botocore.config import Config

        with sentences(service, region):
            if self._session is None:
                self._session = boto3.Session(profile_name=self.profile)
            retries = {"mode": "standard", "max_attempts": 5}
            return self._session.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                verify=self.ca_bundle,
                config=Config(retries=retries, user_agent_extra="drkit"),
            )


@contextmanager
def sentences(service: str, region: str) -> Iterator[None]:
    """Turn botocore's errors into a sentence with the next step."""
    from botocore import exceptions

    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise RefreshError(
            "no AWS credentials were found: set AWS_PROFILE, sign in (`aws sso login`), or leave the API out; "
            "the bulk files need none"
        ) from error
    except exceptions.ProfileNotFound as error:
        raise RefreshError(f"{error}: name a profile of your AWS configuration with --profile") from error
    except exceptions.ClientError as error:
        answer = error.response.get("Error", {})
        raise RefreshError(
            f"{service} in {region} answers {answer.get('Code')}: {answer.get('Message')}; check what the role may do "
            "(pricing:GetProducts, rds:Describe*, elasticache:Describe*) and whether the region is enabled"
        ) from error
    except exceptions.BotoCoreError as error:
        raise RefreshError(f"{service} in {region} cannot be reached ({error}): check endpoint and proxy") from error
