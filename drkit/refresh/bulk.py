"""AWS's public price lists: service index, region index, a versioned file for each region. No account is needed.

What was taken from a file is stored with its URL, ETag and the recipe, so that a refresh that broke off goes on where
it was, and one that is repeated fetches nothing that has not changed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from drkit.errors import OfferError, RefreshError
from drkit.facts.snapshot import PriceKey
from drkit.files.staging import replace_file
from drkit.refresh import offer_csv, offer_json, savings_plans
from drkit.refresh.download import Fetched, NotModified, damaged, open_fetched
from drkit.refresh.mapping import Extract, Mapper, OfferPrice
from drkit.refresh.rates import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from drkit.refresh.download import Downloader
    from drkit.refresh.recipe import Recipe, SavingsPlan

#: AWS's own endpoint; ``DRKIT_PRICING_ENDPOINT`` or ``--endpoint`` name another.
ENDPOINT = "https://pricing.us-east-1.amazonaws.com"
INDEX = "/offers/v1.0/aws/index.json"

#: Form of a stored extract; a file whose extract has another form is read again.
_FORM = 3


@dataclass(frozen=True)
class Listed:
    """A file to read: which offer and region it is of, and where it lies."""

    offer: str
    region: str
    path: str


@dataclass(frozen=True)
class Provenance:
    """Where prices came from: offer, region, version, publication date, URL and SHA-256 of the file."""

    offer: str
    region: str
    version: str
    published: str
    url: str
    sha256: str
    etag: str = ""

    @property
    def id(self) -> str:
        """Name of the source in price rows."""
        return f"{self.offer}-{self.version}"


class BulkFiles:
    """Reads offers from the bulk files.

    Parameters
    ----------
    recipe
        What is taken from them.
    downloader
        Fetches from the endpoint.
    extracts
        Folder where what was taken from files is stored.
    kind
        ``csv`` or ``json``; both hold the same.
    """

    def __init__(self, recipe: Recipe, downloader: Downloader, extracts: Path, kind: str = "csv") -> None:
        self.recipe = recipe
        self.downloader = downloader
        self.extracts = extracts
        self.kind = kind
        self._index: dict[str, Any] | None = None

    def listing(self, offers: Iterable[str], regions: Sequence[str]) -> tuple[list[Listed], list[str]]:
        """Return the files of offers in regions, and what AWS does not list.

        Raises
        ------
        RefreshError
            When the indexes cannot be fetched or are none.
        """
        listed: list[Listed] = []
        absent: list[str] = []
        with self._as_documented():
            self._list(offers, regions, listed, absent)
        return listed, absent

    def _list(self, offers: Iterable[str], regions: Sequence[str], listed: list[Listed], absent: list[str]) -> None:
        for code in offers:
            offer = self._offers().get(code)
            if offer is None:
                absent.append(f"AWS lists no offer {code}")
                continue
            if self.recipe.sources[code].scope == "global":
                listed.append(Listed(code, "", self._as_kind(offer["currentVersionUrl"])))
                continue
            by_region = self.downloader.json(offer["currentRegionIndexUrl"]).get("regions", {})
            for region in regions:
                if region in by_region:
                    listed.append(Listed(code, region, self._as_kind(by_region[region]["currentVersionUrl"])))
                else:
                    absent.append(f"AWS does not list {code} in {region}")

    def regions(self) -> set[str]:
        """Regions in which AWS sells Aurora, known to drkit or not."""
        offer = self._offers().get("AmazonRDS")
        with self._as_documented():
            return set(self.downloader.json(offer["currentRegionIndexUrl"]).get("regions", {})) if offer else set()

    def read(self, file: Listed) -> tuple[Extract, Provenance]:
        """Return what the recipe takes from one file.

        Raises
        ------
        RefreshError
            When it cannot be fetched, or is damaged.
        OfferError
            When it is no offer, or lacks what the recipe needs.
        """
        stored = self.extracts / f"{file.offer}-{file.region or 'global'}.{self.kind}.json"
        entry = _stored(stored, self.downloader.address(file.path), self.recipe.digest)
        try:
            fetched = self.downloader.fetch(file.path, entry["source"]["etag"] if entry else "")
        except NotModified:
            assert entry is not None
            return _unpacked(entry)
        head = Head()
        reader = offer_csv.read if self.kind == "csv" else offer_json.read
        source = self.recipe.sources[file.offer]
        try:
            rates = reader(lambda: open_fetched(fetched), source.needles, head, source.needs)
            extract = Mapper(self.recipe, file.offer, file.region).take(rates)
        except (EOFError, UnicodeDecodeError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(fetched, error) from error
        finally:
            fetched.path.unlink(missing_ok=True)
        if head.code != file.offer:
            raise OfferError(f"{self.downloader.address(file.path)} is the offer {head.code!r}, not {file.offer}")
        provenance = self._provenance(file, head, fetched)
        _store(stored, extract, provenance, self.recipe.digest)
        return extract, provenance

    def plans(
        self, regions: Sequence[str], products: Mapping[str, OfferPrice], offers: Iterable[str]
    ) -> Iterator[tuple[Extract, Provenance]]:
        """Give the discounted prices of every Savings Plan that AWS publishes for these products and regions."""
        wanted = set(offers)
        for plan in self.recipe.plans:
            if not wanted & set(plan.services):
                continue
            path = f"/savingsPlan/v1.0/aws/{plan.code}/current/region_index.json"
            index = self._offers().get(plan.code)
            if index is None:
                continue
            with self._as_documented():
                listed = self.downloader.json(index.get("currentSavingsPlanIndexUrl", path)).get("regions", [])
                urls = {each["regionCode"]: each["versionUrl"] for each in listed}
            for region in regions:
                if region in urls:
                    yield self._plan(plan, Listed(plan.code, region, urls[region].rsplit(".", 1)[0] + ".csv"), products)

    def _plan(self, plan: SavingsPlan, file: Listed, products: Mapping[str, OfferPrice]) -> tuple[Extract, Provenance]:
        fetched, head = self.downloader.fetch(file.path), Head()
        try:
            extract = savings_plans.read(lambda: open_fetched(fetched), plan, products, head)
        except (EOFError, UnicodeDecodeError, gzip.BadGzipFile, zlib.error) as error:
            raise damaged(fetched, error) from error
        finally:
            fetched.path.unlink(missing_ok=True)
        extract.region = file.region
        return extract, self._provenance(file, head, fetched)

    @contextmanager
    def _as_documented(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, AttributeError) as error:
            raise RefreshError(
                f"an index of {self.downloader.endpoint} is not as AWS documents it ({error!r}): "
                "is this the right endpoint?"
            ) from error

    def _offers(self) -> dict[str, Any]:
        if self._index is None:
            offers = self.downloader.json(INDEX).get("offers")
            if not isinstance(offers, dict):
                raise RefreshError(f"{self.downloader.endpoint}{INDEX} lists no offers: is this the right endpoint?")
            self._index = offers
        return self._index

    def _as_kind(self, path: str) -> str:
        return path.rsplit(".", 1)[0] + f".{self.kind}"

    def _provenance(self, file: Listed, head: Head, fetched: Fetched) -> Provenance:
        url = self.downloader.address(file.path)
        return Provenance(file.offer, file.region, head.version, head.published, url, fetched.sha256, fetched.etag)


def _store(path: Path, extract: Extract, provenance: Provenance, recipe: str) -> None:
    # vars: asdict of Python 3.11 takes a Counter for a sequence.
    entry = {"form": _FORM, "recipe": recipe, "source": asdict(provenance), "extract": vars(extract)}
    # It saves the next refresh a download; when it cannot be written, this refresh is not worse for it.
    with suppress(OSError):
        replace_file(path, json.dumps(entry))


def _stored(path: Path, url: str, recipe: str) -> dict[str, Any] | None:
    try:
        entry: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    fits = (
        (entry.get("form"), entry.get("recipe")) == (_FORM, recipe)
        and entry["source"]["url"] == url
        and entry["source"]["etag"]
    )
    return entry if fits else None


def _unpacked(entry: Mapping[str, Any]) -> tuple[Extract, Provenance]:
    cells = dict(entry["extract"])
    cells["prices"] = [OfferPrice(PriceKey(*key), *rest) for key, *rest in cells["prices"]]
    cells["classes"] = {name: (vcpu, memory) for name, (vcpu, memory) in cells["classes"].items()}
    cells["left_out"] = Counter(cells["left_out"])
    return Extract(**cells), Provenance(**entry["source"])
