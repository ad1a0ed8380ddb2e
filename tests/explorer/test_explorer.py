"""Exploring without a browser: changes are read, checked, compared as if from nothing, shown and saved."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
import pytest
import yaml
from PIL import Image

import drkit
from drkit.choice import choices
from drkit.choice.compare import compare_topologies
from drkit.choice.comparer import Comparer, Glance
from drkit.errors import DrkitError, ParameterError, WorkloadError
from drkit.explorer import entry, panes
from drkit.explorer.draft import Draft
from drkit.explorer.fields import Field, fields
from drkit.explorer.view import Explorer
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir, notebooks_dir
from drkit.recovery import simulation
from drkit.report.tables import Table
from drkit.runs.notebook_page import page as to_html
from drkit.tfvars import terraform
from drkit.workload import file as workload_file
from drkit.workload.model import Workload

SAMPLES = 500
#: How long what comes at once may take on a machine that is busy with other tests [s].
PATIENCE_S = 30
WORKLOADS = sorted(workload_file.bundled())


def draft_of(name: str, catalog: Catalog) -> Draft:
    return Draft.read(name, catalog)


def fields_of(draft: Draft) -> dict[str, Field]:
    return {field.name: field for field in fields(draft, today_usd=2_000)}


def another(field: Field, draft: Draft) -> Any:
    """A value that the field does not have now."""
    own = field.value(draft)
    if field.name == "objectives.residency":
        return ["EU", "US", "CA", "BR"] if draft.workload.region != "ap-southeast-2" else ["AU"]
    if field.name == "objectives.failover_regions":
        return tuple(field.values)[1:4]
    if field.kind == "several":
        return tuple(field.values)[:2]
    if "acu" in field.place:
        return {"min": 0.5, "average": own + 0.5, "max": own + 8}[str(field.place[-1])]
    if field.kind == "text":
        return field.typed("6" if own == 5 else "5")
    steps = [value for _, value in field.steps(draft) if value != own and value is not None]
    return steps[len(steps) // 2]


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("90 s", 90, "90 s"),
        ("90", 90, "90 s"),
        ("15min", 900, "15 min"),
        ("1.5 h", 5400, "90 min"),
        ("4 hours", 14_400, "4 h"),
        ("2 d", 172_800, "2 d"),
        ("0", 0, "0 s"),
        ("0.5 s", 0.5, "0.5 s"),
    ],
)
def test_a_time_is_read_as_people_write_it_and_said_exactly(text: str, seconds: float, shown: str) -> None:
    assert entry.read_time(text) == seconds
    assert entry.say_time(seconds) == shown


@pytest.mark.parametrize(
    ("text", "usd", "shown"),
    [
        ("15,000", 15_000, "15,000"),
        ("15k", 15_000, "15,000"),
        ("2.5 million USD", 2_500_000, "2,500,000"),
        ("$99.50", 99.5, "99.50"),
        ("none", None, "none"),
        ("", None, "none"),
    ],
)
def test_an_amount_is_read_as_people_write_it_and_said_with_all_its_digits(text: str, usd: float, shown: str) -> None:
    assert entry.read_usd(text) == usd
    assert entry.say_usd(usd) == shown


@pytest.mark.parametrize(
    ("text", "share"), [("95 %", 0.95), ("95", 0.95), ("0.95", 0.95), ("99.95%", 0.9995), ("0.5 %", 0.005)]
)
def test_a_probability_is_read_in_percent_or_as_a_part(text: str, share: float) -> None:
    assert entry.read_share(text) == share


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        (entry.read_time, "soon", "'soon' is not a time: write one such as 90 s, 15 min, 4 h or 2 d"),
        (entry.read_time, "4 weeks", "'4 weeks' is not a time"),
        (entry.read_time, "1.2.3 h", "'1.2.3 h' is not a time"),
        (entry.read_usd, "a lot", "'a lot' is not an amount: write USD such as 15,000 or 15k"),
        (entry.read_usd, "-5", "'-5' is not an amount"),
        (entry.read_share, "most", "'most' is not a probability: write one such as 95 %"),
        (entry.read_share, "950 %", "'950 %' is not a probability"),
        (entry.read_whole, "2.5", "'2.5' is not a whole number"),
        (entry.read_number, "big", "'big' is not a number"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_can(read: Any, text: str, sentence: str) -> None:
    with pytest.raises(ParameterError) as told:
        read(text)
    assert str(told.value).startswith(sentence)


def test_a_time_between_two_seconds_is_not_said_as_a_longer_one() -> None:
    assert entry.say_time(3661) == "3661 s"


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKLOADS)
def test_every_field_changes_the_comparison_as_if_it_were_made_from_nothing(name: str, catalog: Catalog) -> None:
    draft, comparer = draft_of(name, catalog), Comparer(catalog, samples=SAMPLES)
    comparer.compare(draft.workload)
    for field in fields_of(draft).values():
        changed = draft.changed(field.change(draft, another(field, draft)))
        assert changed.workload != draft.workload, field.name
        quick = comparer.compare(changed.workload)
        whole = compare_topologies(changed.workload, catalog, samples=SAMPLES)
        assert quick.frame().equals(whole.frame()), field.name
        same = {name: option.topology_id for name, option in whole.named.items()}
        assert {name: option.topology_id for name, option in quick.named.items()} == same, field.name
        del same["least_regret"]
        assert {name: option.topology_id for name, option in Glance.of(quick).named.items()} == same, field.name
        for mine, other in zip(choices.least_regret(quick), choices.least_regret(whole), strict=True):
            assert mine[1:] == other[1:], field.name
        shown, known = quick.disruptions(quick.chosen), whole.disruptions(whole.chosen)
        assert shown.equals(known), field.name
        assert (quick.chosen.recovery.judged.rto_s == whole.chosen.recovery.judged.rto_s).all(), field.name


def test_what_a_change_does_not_touch_is_not_done_again(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_: list[object] = []
    in_order = simulation.Ordered
    monkeypatch.setattr(simulation, "Ordered", lambda *given: sorted_.append(given) or in_order(*given))
    draft, comparer = draft_of("article", catalog), Comparer(catalog, samples=SAMPLES)
    known = fields_of(draft)
    before = comparer.compare(draft.workload)

    def after(name: str, value: Any) -> drkit.Comparison:
        return comparer.compare(draft.changed(known[name].change(draft, value)).workload)

    timed = len(sorted_)
    rto, budget = after("objectives.rto_s", 900), after("objectives.budget_usd_per_month", 1_800)
    klass = after("database.class", "db.r6g.xlarge")
    assert len(sorted_) == timed > 0, "other objectives judge the same times, and sizes have none"
    cost = after("costs.outage_usd_per_hour", 200)
    assert all(
        a.bill is b.bill for other in (rto, budget, cost) for a, b in zip(before.options, other.options, strict=True)
    )
    lasting = comparer.compare(draft.workload).lasting
    assert all(other.lasting is lasting for other in (rto, budget))
    assert cost.lasting is not lasting
    assert klass.lasting is not lasting
    assert before.options[0].bill is not klass.options[0].bill


def test_a_field_offers_what_the_workload_has_even_between_its_steps(catalog: Catalog) -> None:
    draft = draft_of("article", catalog).changed({("objectives", "rto_s"): 2_000})
    assert ("2000 s", 2_000) in fields_of(draft)["objectives.rto_s"].steps(draft)


def test_low_and_high_move_in_proportion_to_the_typical_cost(catalog: Catalog) -> None:
    draft = draft_of("article", catalog)
    field = fields_of(draft)["costs.outage_usd_per_hour"]
    assert field.value(draft) == 15_000
    assert field.change(draft, 30_000) == {field.place: {"low": 10_000, "typical": 30_000, "high": 80_000}}


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("database", "instances"), 30, "database.instances is 30: give a number of at most 15"),
        (("objectives", "rto_s"), 0, "objectives.rto_s is 0: give a number above 0"),
        (("objectives", "residency"), ["XX"], "objectives.residency: no AWS region lies in 'XX'"),
        (("services", 0, "tasks"), 0, "services[0].tasks is 0: give a number of at least 1"),
        (("database", "class"), "db.r6g.huge", "database.class: 'db.r6g.huge' is not a class of the snapshot"),
    ],
)
def test_a_draft_refuses_what_a_workload_file_may_not_say(
    place: Any, value: Any, sentence: str, catalog: Catalog
) -> None:
    with pytest.raises(WorkloadError) as told:
        draft_of("article", catalog).changed({place: value})
    assert sentence in str(told.value)


def test_a_saved_draft_keeps_comments_and_everything_that_was_not_changed(catalog: Catalog, tmp_path: Path) -> None:
    draft = draft_of("article", catalog)
    changed = draft.changed(
        {
            ("objectives", "rto_s"): 900,
            ("objectives", "failover_regions"): ["us-west-2", "eu-west-1"],
            ("objectives", "budget_usd_per_month"): 2_500,
            ("costs", "outage_usd_per_hour"): {"low": 10_000, "typical": 30_000, "high": 80_000},
            ("services", 1, "tasks"): 3,
        }
    )
    path = changed.save(tmp_path / "new" / "article.yaml")
    text = path.read_text()
    assert workload_file.read(path, catalog) == changed.workload
    before, after = draft.text.splitlines(), text.splitlines()
    added = [line for line in after if line not in before]
    assert sorted(added) == sorted(
        [
            "    tasks: 3",
            "  rto_s: 900",
            "  budget_usd_per_month: 2500",
            "  failover_regions:",
            "    - us-west-2",
            "    - eu-west-1",
            "  outage_usd_per_hour: {low: 10000, typical: 30000, high: 80000}",
        ]
    )
    assert [line for line in before if line not in after] == [
        "    tasks: 2",
        "  rto_s: 3600",
        "  outage_usd_per_hour: {low: 5_000, typical: 15_000, high: 40_000}",
    ]


@pytest.mark.parametrize("name", WORKLOADS)
def test_saving_and_loading_brings_back_the_same_workload(name: str, catalog: Catalog, tmp_path: Path) -> None:
    draft = draft_of(name, catalog)
    for field in fields_of(draft).values():
        if field.name not in ("objectives.residency", "objectives.failover_regions"):
            draft = draft.changed(field.change(draft, another(field, draft)))
    again = Draft.read(draft.save(tmp_path / f"{name}.yaml"), catalog)
    assert again.workload == draft.workload
    comments = [line for line in draft.text.splitlines() if line.startswith("#")]
    assert comments and [line for line in again.text.splitlines() if line.startswith("#")] == comments


def test_an_unchanged_draft_is_saved_to_the_byte(catalog: Catalog, tmp_path: Path) -> None:
    path = draft_of("eu-shop", catalog).save(tmp_path / "same.yaml")
    assert path.read_bytes() == (data_dir() / "workloads" / "eu-shop.yaml").read_bytes()


def test_a_draft_is_not_saved_under_a_name_that_is_no_workload_file(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"let it end in \.yaml"):
        draft_of("article", catalog).save(tmp_path / "article.txt")
    assert list(tmp_path.iterdir()) == []


# The view, without a page to show it -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explorer(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    return Explorer(Draft.read("article", catalog), catalog, samples=SAMPLES, out_dir=tmp_path_factory.mktemp("out"))


@pytest.fixture
def view(explorer: Explorer) -> Explorer:
    explorer.show_pane("Why not")  # the quickest
    if explorer.draft.changes or explorer.draft.workload.name != "article":
        explorer.load("article")
    return explorer


def said(view: Explorer) -> str:
    return re.sub(r"<[^>]+>", "", view._status.value).replace("&#x27;", "'")


def test_a_moved_slider_changes_figures_picture_and_the_text_beside_it(view: Explorer) -> None:
    view.show_pane("Bill")
    slider, text = view.controls["objectives.strategies"].inputs[:2]
    before = view._headline.value, view._picture.value, view._table.value
    view.controls["objectives.strategies"].inputs[2].value = True  # hot standby comes after it
    assert view.draft.workload.objectives.strategies == ["warm_standby"]
    assert view.comparison.chosen.topology.strategy == "warm_standby"
    assert "Warm standby" in view._headline.value
    assert f"{view.comparison.chosen.bill.monthly_usd:,.2f} USD" in view._headline.value
    after = view._headline.value, view._picture.value, view._table.value
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert slider.value is text.value is False


def test_slider_and_text_of_a_dial_say_the_same(view: Explorer) -> None:
    slider, text = view.controls["objectives.rto_s"].inputs
    slider.value = "30 min"
    assert text.value == "30 min" and view.draft.workload.objectives.rto_s == 1_800
    text.value = "100 min"
    assert slider.value == "100 min" and view.draft.workload.objectives.rto_s == 6_000
    budget = view.controls["objectives.budget_usd_per_month"].inputs
    budget[1].value = "1,900"
    assert view.draft.workload.objectives.budget_usd_per_month == 1_900
    budget[0].value = "none"
    assert view.draft.workload.objectives.budget_usd_per_month is None


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        (
            "objectives.rto_s",
            "soon",
            "RTO: 'soon' is not a time: write one such as 90 s, 15 min, 4 h or 2 d. It stays 1 h.",
        ),
        ("objectives.rto_s", "0", "objectives.rto_s is 0: give a number above 0"),
        ("objectives.probability", "100 %", "objectives.probability is 1.0: give a number below 1"),
        ("objectives.residency", "XX", "objectives.residency: no AWS region lies in 'XX'"),
        ("database.instances", "30", "database.instances is 30: give a number of at most 15"),
        ("services[0].tasks", "many", "Tasks: 'many' is not a whole number: write one such as 2. It stays 6."),
    ],
)
def test_a_wrong_value_is_told_in_a_sentence_and_all_stays(
    view: Explorer, name: str, typed: str, sentence: str
) -> None:
    before = view.draft, view.comparison, view._headline.value, view._picture.value
    entry_of = view.controls[name].inputs[-1]
    stood = entry_of.value
    entry_of.value = typed
    assert sentence in said(view)
    assert 'role="alert"' in view._status.value
    assert (view.draft, view.comparison, view._headline.value, view._picture.value) == before
    assert entry_of.value == stood


def test_only_the_pane_that_is_seen_is_drawn(view: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    real = panes.drawn
    monkeypatch.setattr(panes, "drawn", lambda pane, *of: drawn.append(pane.title) or real(pane, *of))
    view.controls["objectives.rto_s"].inputs[0].value = "2 h"
    view.show_pane("Map")
    assert drawn == ["Why not", "Map"]


def test_of_many_changes_in_a_moment_only_the_last_is_drawn(view: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[float] = []
    real = panes.drawn
    monkeypatch.setattr(
        panes, "drawn", lambda pane, *of: drawn.append(of[0].workload.objectives.rto_s) or real(pane, *of)
    )

    async def drag() -> None:
        slider = view.controls["objectives.rto_s"].inputs[0]
        for step in ("30 min", "15 min", "10 min", "5 min"):
            slider.value = step
        deadline = time.monotonic() + PATIENCE_S
        while not drawn and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    asyncio.run(drag())
    assert drawn == [300]


@pytest.mark.slow
@pytest.mark.parametrize("pane", panes.PANES, ids=lambda pane: pane.title)
def test_every_pane_tells_about_the_choice_of_the_moment(pane: panes.Pane, view: Explorer) -> None:
    shown = panes.drawn(pane, view.comparison)
    assert "<table" in shown.table
    if pane.picture:
        (finding,) = re.findall(r'<img alt="([^"]+)"', shown.picture)
        assert "Pilot light in us-west-2" in finding
        assert 'src="data:image/png;base64,' in shown.picture


def test_the_headline_has_each_figure_with_its_name_and_unit(view: Explorer) -> None:
    chosen = view.comparison.chosen
    text = re.sub(r"<[^>]+>", "|", view._headline.value)
    assert re.search(r"Choice\|+Pilot light\|+to us-west-2", text)
    assert re.search(rf"Monthly cost\|+{chosen.bill.monthly_usd:,.2f} USD", text)
    assert re.search(r"RTO\|+\d+ min\|+at 95 %; \d+ min typically", text)
    assert "Objectives missed: nothing meets all objectives; nearest, but misses the RPO of 0 s" in text


def test_a_loaded_workload_brings_its_own_controls_and_a_wrong_one_changes_nothing(
    view: Explorer, tmp_path: Path
) -> None:
    before = view.draft
    view.load("no-such")
    assert "there is no file 'no-such', and the bundled workloads are" in said(view) and view.draft is before
    (tmp_path / "wrong.yaml").write_text(before.text.replace("tasks: 6", "tasks: six"))
    view.load(tmp_path / "wrong.yaml")
    assert "services[0].tasks is 'six'" in said(view) and view.draft is before
    view.load("eu-shop")
    assert view.draft.workload.name == "eu-shop"
    assert "database.acu.min" in view.controls and "database.class" not in view.controls
    assert view.controls["objectives.residency"].inputs[0].value == "EU"


@pytest.mark.slow
def test_buttons_write_files_that_belong_to_the_choice_of_the_moment(
    view: Explorer, catalog: Catalog, tmp_path: Path
) -> None:
    view._folder.value = str(tmp_path / "made")
    view.controls["objectives.strategies"].inputs[2].value = True
    buttons = {button.description: button for button in view._buttons}
    buttons["Write tfvars"].click()
    written = tmp_path / "made" / "article.tfvars"
    assert said(view).startswith(f"{written} written: ")
    assert drkit.write_outputs is not None and "# Choice: warm_standby." in written.read_text()
    assert terraform.refusals(written) in ([], None)
    buttons["Save workload"].click()
    assert yaml.safe_load((tmp_path / "made" / "article.yaml").read_text())["objectives"]["strategies"] == [
        "warm_standby"
    ]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(view: Explorer, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    view._folder.value = str(tmp_path / "taken")
    for button in view._buttons[:3]:
        button.click()
        assert said(view).startswith(f"cannot write to {tmp_path / 'taken'}"), button.description
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_what_is_kept_for_later_shows_the_last_result_and_what_was_asked(view: Explorer) -> None:
    view.show_pane("Bill")
    view.controls["objectives.rto_s"].inputs[1].value = "30 min"
    kept = view._standing()
    assert kept.startswith('<div class="drkit-kept">')
    assert "RTO 30 min" in kept and view._headline.value in kept and view._picture.value in kept
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", kept)


def test_exploring_takes_a_file_and_refuses_wrong_draws(tmp_path: Path) -> None:
    with pytest.raises(DrkitError, match="seed of at least 0"):
        drkit.explore("article", seed=-1)
    with pytest.raises(WorkloadError, match="cannot read"):
        drkit.explore(tmp_path / "none.yaml")


def test_fields_name_places_that_a_workload_file_has(catalog: Catalog, workloads: Mapping[str, Workload]) -> None:
    for name in workloads:
        draft = draft_of(name, catalog)
        for field in fields(draft, today_usd=1_000):
            shown = field.value(draft)
            assert field.kind == "several" or field.say(shown) or field.name == "objectives.residency", field.name


def test_a_fault_of_drkit_itself_is_told_and_all_stays(view: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = view.draft, view.comparison, view._picture.value

    def broken(*of: object) -> panes.Shown:
        raise KeyError("no such colour")

    monkeypatch.setattr(panes, "drawn", broken)
    view.controls["objectives.rto_s"].inputs[0].value = "2 h"
    assert said(view).startswith("drkit failed, by its own fault: KeyError: ")
    assert (view.draft, view.comparison, view._picture.value) == before
    assert view.controls["objectives.rto_s"].inputs[0].value == "1 h"


def test_a_table_shows_two_rows_of_one_name() -> None:
    table = Table({"USD": ["1", "2"]}, index=pd.Index(["Single region", "Single region"], name="strategy"))
    assert table._repr_html_().count("Single region") == 2


def test_a_table_reads_the_same_in_a_terminal_as_in_a_notebook() -> None:
    named = Table(
        {"USD": [1234.5, 7.0], "why": ["near", None]}, index=pd.Index(["Pilot light", "Hot"], name="strategy")
    )
    assert repr(named).splitlines() == [
        "strategy          USD  why",
        "Pilot light  1,234.50  near",
        "Hot              7.00",
    ]
    numbered = Table({"lines": [3, 12], "region": ["eu-west-1", "us-east-1"]})
    assert repr(numbered).splitlines() == ["lines  region", "    3  eu-west-1", "   12  us-east-1"]
    assert repr(numbered.iloc[:0]) == "lines  region"
    assert not repr(Table()), "no column, no line"


@pytest.mark.slow
def test_the_notebook_keeps_controls_and_result_when_it_is_run_without_a_page(tmp_path: Path) -> None:
    source = notebooks_dir() / "05_explore.ipynb"
    target = tmp_path / "explored.ipynb"
    executed = papermill.execute_notebook(
        str(source), str(target), {"workload": "small-saas", "samples": 500}, cwd=str(tmp_path), progress_bar=False
    )
    assert [entry.name for entry in tmp_path.iterdir()] == [target.name]
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["display_data", "display_data"]
    controls, kept = (output.data for output in outputs)
    state = executed.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert controls["application/vnd.jupyter.widget-view+json"]["model_id"] in state
    assert "small-saas" in kept["text/html"] and "data:image/png;base64" in kept["text/html"]
    page = to_html(nbformat.read(target, as_version=4), "explored")
    assert 'class="drkit-kept"' in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page), "the page loads something from elsewhere"


@pytest.mark.slow
def test_pictures_are_drawn_in_the_theme_that_is_asked_for(catalog: Catalog) -> None:
    comparison = compare_topologies(workload_file.read("small-saas"), catalog, samples=SAMPLES)
    (pane,) = [pane for pane in panes.PANES if pane.title == "Frontier"]
    paper = {}
    for theme in ("light", "dark"):
        body = re.findall(r"base64,([^\"]+)", panes.drawn(pane, comparison, theme).picture)[0]
        paper[theme] = sum(Image.open(io.BytesIO(base64.b64decode(body))).convert("RGB").getpixel((2, 2)))
    assert paper["light"] == 3 * 255 and paper["dark"] < 3 * 80
    with pytest.raises(ParameterError, match="mauve"):
        drkit.explore("small-saas", catalog, samples=SAMPLES, theme="mauve")  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_report_is_of_the_workload_as_it_was_changed(
    view: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no browser: the page alone
    view._folder.value = str(tmp_path / "made")
    view.controls["objectives.rto_s"].inputs[1].value = "77 min"
    view._buttons[1].click()
    assert said(view) == f"{tmp_path / 'made' / 'article.html'} written: the decision on one page."
    assert "RTO 77 min" in (tmp_path / "made" / "article.html").read_text()
