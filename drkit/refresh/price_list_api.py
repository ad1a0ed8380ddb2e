"""AWS's Price List Query API: the same prices as the bulk files, product by product, for who has credentials."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from drkit.errors import RefreshError
from drkit.refresh.aws_session import Clients, sentences
from drkit.refresh.bulk import Listed, Provenance
from drkit.refresh.mapping import Extract, Mapper, OfferPrice
from drkit.refresh.offer_json import product, rates_of
from drkit.refresh.recipe import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from drkit.refresh.rates import Rate
    from drkit.refresh.recipe import Recipe

#: A region in which AWS runs this API (others are eu-central-1 and ap-south-1); each knows the prices of all.
API_REGION = "us-east-1"


class PriceListApi:
    """Reads offers by ``get_products``, page by page, by the same recipe as the bulk files.

    Parameters
    ----------
    profile, endpoint, ca_bundle
        As `drkit.refresh.aws_session.Clients` takes them.
    clients
        Makes the client instead, for tests.
    api_region
        Region that is asked.
    """

    def __init__(
        self,
        profile: str | None = None,
        endpoint: str | None = None,
        ca_bundle: str | None = None,
        recipe: Recipe | None = None,
        clients: Callable[[str, str], Any] | None = None,
        api_region: str = API_REGION,
    ) -> None:
        self.api_region = api_region
        self.recipe = recipe or load()
        self._clients = clients or Clients(profile, endpoint, ca_bundle)

    def listing(self, offers: Iterable[str], regions: Sequence[str]) -> tuple[list[Listed], list[str]]:
        """Every offer in every region; the API does not say beforehand where it has none."""
        return [
            Listed(code, region, "")
            for code in offers
            for region in (regions if self.recipe.sources[code].scope == "region" else [""])
        ], []

    def read(self, file: Listed) -> tuple[Extract, Provenance]:
        """Return what the recipe keeps of one offer in one region.

        Raises
        ------
        RefreshError
            When AWS refuses or cannot be reached.
        OfferError
            When products lack what the recipe needs.
        """
        client = self._clients("pricing", self.api_region)
        seen = hashlib.sha256()
        newest = {"version": "", "publicationDate": ""}
        extract = Mapper(self.recipe, file.offer, file.region).take(self._rates(client, file, seen, newest))
        url = f"{client.meta.endpoint_url}/{file.offer}"
        source = Provenance(
            file.offer, file.region, newest["version"], newest["publicationDate"], url, seen.hexdigest(), ""
        )
        return extract, source

    def plans(
        self,
        regions: Sequence[str],  # noqa: ARG002 - the bulk files have them
        products: Mapping[str, OfferPrice],  # noqa: ARG002
        offers: Iterable[str],  # noqa: ARG002
    ) -> Iterable[tuple[Extract, Provenance]]:
        """Nothing: this API knows no Savings Plans. The bulk files do."""
        return ()

    def regions(self) -> set[str]:
        """Nothing: this API does not list regions."""
        return set()

    def _rates(self, client: Any, file: Listed, seen: Any, newest: dict[str, str]) -> Iterator[Rate]:
        source = self.recipe.sources[file.offer]
        filters = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value.format(region=file.region)}
            for field, value in source.api_filters
        ]
        with sentences("pricing", self.api_region):
            pages = client.get_paginator("get_products").paginate(
                ServiceCode=file.offer, Filters=filters, FormatVersion="aws_v1", PaginationConfig={"PageSize": 100}
            )
            for text in (text for page in pages for text in page["PriceList"]):
                if source.needles and not any(needle in text for needle in source.needles):
                    continue
                seen.update(text.encode())
                try:
                    document = json.loads(text)
                    for name in newest:
                        newest[name] = max(newest[name], document.get(name, ""))
                    sku, attributes = document["product"]["sku"], product(document["product"])
                    for kind, terms in document["terms"].items():
                        for term in terms.values():
                            yield from rates_of(sku, attributes, term, kind)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise RefreshError(
                        f"the Price List API sent a product of {file.offer} that is not as documented ({error!r}): "
                        "use the bulk files instead"
                    ) from error
