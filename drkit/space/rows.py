"""Rows of a design space: filter them, sample them, find the cheapest, the best and the frontier, show them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from drkit.bill.lines import to_usd
from drkit.errors import ParameterError
from drkit.space.columns import RECOVERED
from drkit.stats.pareto import on_frontier_of_groups
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    from drkit.space.grid import Grid, Index

    Codes = npt.NDArray[np.integer]

#: Columns that are worked out from others.
FIGURES = ("monthly_usd", "extra_monthly_usd", *RECOVERED, "meets_objectives")

#: What the frontier is over by default.
FRONTIER = ("rto_p95_s", "rpo_p95_s", "expected_yearly_loss_usd")

#: Columns that a notebook shows of rows; `drkit.report.space.shortlist` puts the first rows in words.
_SHOWN = ("strategy", "failover_region", "monthly_usd", *RECOVERED[:3], "meets_objectives")

#: Rows that are worked on at once: what bounds memory, whatever the size of the space.
_CHUNK = 1 << 17
#: Rows whose codes stay in the processor's cache together.
_NEAR = 1 << 14
#: Rows of a table that still fits into the memory of a laptop (about 120 bytes each).
_MOST_ROWS = 5_000_000

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.BinOp, ast.Add,
    ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt,
    ast.GtE, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a space, by their numbers.

    Parameters
    ----------
    index
        Numbers of the rows, shape ``(rows,)``.
    """

    space: Grid
    index: Index

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[int]:
        return (int(row) for row in self.index)

    def __repr__(self) -> str:
        return f"Rows({len(self):,} of {len(self.space):,} topologies of {self.space.workload.name})"

    def _repr_html_(self) -> str:
        first = self.head(10)
        caption = f"{self!r}"[5:-1] + (f"; the first {len(first)}:" if len(self) > len(first) else "")
        return f"<p>{caption}</p>" + (first.frame(*_SHOWN).to_html() if len(self) else "")

    @property
    def names(self) -> tuple[str, ...]:
        """Every column, in the order of a table."""
        return (*self.space.columns, *FIGURES)

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the space, in their order."""
        return isinstance(self.index, range) and len(self.index) == len(self.space)

    # Columns --------------------------------------------------------------------------------------------------------

    def array(self, name: str) -> npt.NDArray[Any]:
        """One column as an array, shape ``(rows,)``; text as objects.

        Raises
        ------
        ParameterError
            When there is no such column.
        """
        self._check([name])
        if self.whole and name == "monthly_usd":
            return self.space.monthly_usd()
        if self.whole and name in RECOVERED:
            return self.space.recovered[name][self.space.recovery_codes()]
        column: npt.NDArray[Any] = np.empty(0)
        for start in range(0, len(self), _NEAR):
            values = np.asarray(self._values(name, self.space.codes(self.index[start : start + _NEAR])))
            if not start:
                column = np.empty(len(self), dtype=values.dtype)
            column[start : start + len(values)] = values
        return column

    def frame(self, *names: str) -> pd.DataFrame:
        """Rows as a table indexed by their numbers, to be filtered like any other.

        Parameters
        ----------
        names
            Columns; all without any. Names of regions, classes and the like are categories of a byte or two.

        Raises
        ------
        ParameterError
            When there is no such column, or there are too many rows for a table.
        """
        import pandas as pd

        self._check(names)
        if len(self) > _MOST_ROWS:
            raise ParameterError(
                f"{len(self):,} rows are too many for one table: narrow them with where(...), or take a sample(...)"
            )
        if not len(self):
            return next(Rows(self.space, range(1)).chunks(*names)).iloc[:0]
        return pd.concat(list(self.chunks(*names)))

    def chunks(self, *names: str) -> Iterator[pd.DataFrame]:
        """The same table piece by piece, so that memory does not grow with the rows."""
        for start in range(0, len(self), _CHUNK):
            yield self._piece(self.index[start : start + _CHUNK], names or self.names)

    def _piece(self, rows: Index, names: tuple[str, ...]) -> pd.DataFrame:
        import pandas as pd

        codes = self.space.codes(rows)
        columns = {name: self._values(name, codes) for name in names}
        return pd.DataFrame(
            columns, index=pd.Index(pd.RangeIndex(rows) if isinstance(rows, range) else rows, name="row")
        )

    def _values(self, name: str, codes: dict[str, Codes]) -> Any:
        """One column of the rows that have these codes: an array, or a categorical of names."""
        if name in FIGURES:
            return self._figure(name, codes)
        column = self.space.columns[name]
        if column.categories is None:
            return column.take(codes)
        import pandas as pd

        return pd.Categorical.from_codes(column.take(codes), dtype=pd.CategoricalDtype(list(column.categories)))

    def _figure(self, name: str, codes: dict[str, Codes]) -> npt.NDArray[Any]:
        space = self.space
        if name in RECOVERED:
            return space.recovered[name][self._recovery(codes)]
        usd = to_usd(space.micro_usd(codes))
        if name == "extra_monthly_usd":
            return np.round(usd - space.today.bill.monthly_usd, 2)
        return space.meets(self._recovery(codes), usd) if name == "meets_objectives" else usd

    def _recovery(self, codes: dict[str, Codes]) -> Codes:
        if "recovery" not in codes:
            order = (codes[axis] for axis in ("placement", "database", "cache", "compute"))
            codes["recovery"] = self.space.tables.recovery_codes(*order)
        return codes["recovery"]

    def recovery_codes(self) -> Codes:
        """Which of the space's recoveries each row has, shape ``(rows,)``."""
        if self.whole:
            return self.space.recovery_codes()
        starts = range(0, len(self), _CHUNK)
        parts = [self._recovery(self.space.codes(self.index[at : at + _CHUNK])) for at in starts]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int16)

    def _check(self, names: tuple[str, ...] | list[str]) -> None:
        for name in names:
            if name not in self.names:
                near = did_you_mean(name, self.names) or f"there are {', '.join(self.names)}"
                raise ParameterError(f"there is no column {name!r}: {near}")

    # Fewer rows -----------------------------------------------------------------------------------------------------

    def where(self, condition: str) -> Rows:
        """Rows for which a condition over the columns holds.

        Parameters
        ----------
        condition
            Such as ``"strategy in ['pilot_light', 'warm_standby'] and monthly_usd < 3000 and meets_objectives"``.

        Raises
        ------
        ParameterError
            When the condition cannot be read, or names a column that does not exist.
        """
        names = self._columns_of(condition)
        numbers: list[npt.NDArray[np.int64]] = []
        for piece in self.chunks(*names):
            try:
                holds = piece.eval(condition, engine="python")
            except (TypeError, ValueError, KeyError) as error:
                raise ParameterError(f"where: {condition!r} cannot be worked out: {error}") from error
            holds = np.asarray(holds)
            if holds.dtype != bool or holds.shape != (len(piece),):
                raise ParameterError(f"where: {condition!r} is no condition: compare a column with something")
            numbers.append(piece.index.to_numpy()[holds])
        return Rows(self.space, np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64))

    def _columns_of(self, condition: str) -> tuple[str, ...]:
        try:
            tree = ast.parse(condition.strip(), mode="eval")
        except (SyntaxError, ValueError) as error:
            raise ParameterError(
                f"where: {condition!r} cannot be read ({error.args[0]}): write a condition such as "
                "\"monthly_usd < 3000 and strategy == 'warm_standby'\""
            ) from error
        for node in ast.walk(tree):
            if not isinstance(node, _ALLOWED):
                raise ParameterError(
                    f"where: {condition!r} has more than columns, figures, texts, comparisons, and, or, not and in"
                )
        names = tuple(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))
        if not names:
            raise ParameterError(f"where: {condition!r} names no column: there are {', '.join(self.names)}")
        self._check(names)
        self._check_order(tree)
        self._check_texts(tree)
        return names

    def _check_order(self, tree: ast.Expression) -> None:
        """Refuse to put names in an order."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            for at, relation in enumerate(node.ops):
                for side in sides[at : at + 2] if isinstance(relation, ast.Lt | ast.LtE | ast.Gt | ast.GtE) else ():
                    column = self.space.columns.get(side.id) if isinstance(side, ast.Name) else None
                    if column and column.categories is not None:
                        raise ParameterError(f"where: {ast.unparse(side)} holds names: compare it with == or in")

    def _check_texts(self, tree: ast.Expression) -> None:
        """Refuse a text that the column it is compared with never holds: a typing error would find nothing."""
        for node in ast.walk(tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.left, ast.Name):
                continue
            column = self.space.columns.get(node.left.id)
            texts = [
                part.value
                for side in node.comparators
                for part in ast.walk(side)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            names = [str(name) for name in column.categories] if column and column.categories is not None else []
            for text in texts:
                if text not in names:
                    near = did_you_mean(text, names)
                    hint = near or (f"it is one of {', '.join(filter(None, names))}" if names else "it holds figures")
                    raise ParameterError(f"where: {node.left.id} is never {text!r}: {hint}")

    def sample(self, count: int, seed: int = 1) -> Rows:
        """So many rows by chance, each at most once, in their order; the same for the same seed.

        Raises
        ------
        ParameterError
            When there are not so many.
        """
        if not 0 <= count <= len(self):
            raise ParameterError(f"a sample of {count:,} rows cannot be taken of {len(self):,}")
        drawn = np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False, shuffle=False))
        return Rows(self.space, np.asarray(self.index[0:0] if not count else _at(self.index, drawn), dtype=np.int64))

    def head(self, count: int) -> Rows:
        """The first rows."""
        return Rows(self.space, self.index[:count])

    def cheapest(self, count: int = 1) -> Rows:
        """The cheapest rows, cheapest first; of equal bills the one that is expected to lose less, then by number."""
        if len(self) > count:
            usd = self.array("monthly_usd")
            # No more than these can be among the cheapest, ties at the edge included.
            candidates = np.flatnonzero(usd <= np.partition(usd, count - 1)[count - 1])
            return Rows(self.space, _at(self.index, candidates)).cheapest(len(candidates)).head(count)
        order = np.lexsort((self.array("expected_yearly_loss_usd"), self.array("monthly_usd")))
        return Rows(self.space, _at(self.index, order))

    def meeting(self) -> Rows:
        """Rows that meet RPO, RTO and budget with the asked probability."""
        holds = self.space.meets(self.recovery_codes(), self.array("monthly_usd"))
        return Rows(self.space, _at(self.index, np.flatnonzero(holds)))

    def within(self, budget_usd: float) -> Rows:
        """Rows whose monthly bill is not above a budget [USD/month]."""
        return Rows(self.space, _at(self.index, np.flatnonzero(self.array("monthly_usd") <= budget_usd)))

    def best_recovery(self, count: int = 1) -> Rows:
        """Rows that recover best, best first: lowest RTO, then RPO (95 %), then cost, then number."""
        codes, recovered = self.recovery_codes(), self.space.recovered
        order = np.lexsort((recovered["rpo_p95_s"], recovered["rto_p95_s"]))
        rank = np.empty(len(order), dtype=np.int64)
        # Equal figures are one rank, so that cost decides.
        figures = np.column_stack([recovered["rto_p95_s"], recovered["rpo_p95_s"]])[order]
        rank[order] = np.cumsum(np.concatenate([[False], (figures[1:] != figures[:-1]).any(axis=1)]))
        ranked = np.lexsort((self.array("monthly_usd"), rank[codes]))[:count]
        return Rows(self.space, _at(self.index, ranked))

    def frontier(self, *names: str) -> Rows:
        """Rows that no other beats, cheapest first.

        Parameters
        ----------
        names
            Columns beside the monthly cost, of those that follow from the recovery; RTO and RPO (95 %) and expected
            yearly loss without any. All are minimised.

        Raises
        ------
        ParameterError
            When a column is none of a recovery.
        """
        for name in names:
            if name not in RECOVERED:
                raise ParameterError(
                    f"the frontier is over monthly_usd and columns of {', '.join(RECOVERED)}; not {name}"
                )
        figures = np.column_stack([self.space.recovered[name] for name in names or FRONTIER])
        mask = on_frontier_of_groups(self.array("monthly_usd"), self.recovery_codes(), figures)
        rows = Rows(self.space, _at(self.index, np.flatnonzero(mask)))
        return rows.cheapest(len(rows))


def _at(index: Index, places: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Numbers of the rows at these places."""
    if isinstance(index, range):
        return places.astype(np.int64) * index.step + index.start
    numbers: npt.NDArray[np.int64] = index[places]
    return numbers
