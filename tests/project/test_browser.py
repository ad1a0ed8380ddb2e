"""In a real browser: JupyterLab runs every notebook, and whoever explores there or on a page sees what follows.

No page may ask for anything outside this machine, and none may write an error to its console.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
from browser import BIN, Browser, Page, Watched, watched

from drkit.files.bundled import notebooks_dir
from drkit.tfvars import terraform
from drkit.workload import file as workload_file

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NOTEBOOKS = [path.name for path in sorted(notebooks_dir().glob("*.ipynb"))]
WIDTHS = (1280, 1920)

#: Every control and text that somebody must be able to read whole: what is cut off, and what lies over another.
CUT_OR_COVERED = """
() => {
  const root = document.querySelector('.drkit');
  const found = [];
  const says = e => (e.innerText || e.value || e.getAttribute('title') || e.className).trim().slice(0, 40);
  const seen = e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0 };
  const texts = '.widget-label, .widget-label-basic, button, .drkit-name, .drkit-value, .drkit-note, .drkit-legend, .drkit-help, ' +
    'input[type=text], select, .drkit-said, .drkit-verdict';
  const pen = document.createElement('canvas').getContext('2d');
  for (const e of root.querySelectorAll(texts)) {
    if (!seen(e)) continue;
    // A path may be longer than any field; what is not seen of it is reached by the arrow keys.
    if (e.closest('.drkit-buttons') && e.tagName === 'INPUT') continue;
    if (e.scrollWidth > e.clientWidth + 1) found.push(`cut: ${says(e)}`);
    if (e.tagName === 'SELECT') {
      pen.font = getComputedStyle(e).font;
      const arrow = e.multiple ? 8 : 26;
      for (const option of e.options)
        if (pen.measureText(option.text).width + arrow > e.clientWidth) found.push(`cut: ${option.text}`);
    }
  }
  // What a scrolled form hides is not on the screen.
  const clip = e => {
    let box = e.getBoundingClientRect();
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let a = e.parentElement; a; a = a.parentElement) {
      const style = getComputedStyle(a);
      if (/auto|scroll|hidden/.test(style.overflowX + style.overflowY)) {
        const b = a.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, b.left), Math.max(top, b.top), Math.min(right, b.right), Math.min(bottom, b.bottom)];
      }
    }
    return {left, top, right, bottom};
  };
  const solid = [...root.querySelectorAll('input, select, button, .noUi-base, .drkit-tile, .drkit-picture img, .widget-label, .drkit-said, .drkit-verdict')]
    .filter(seen).map(e => [e, clip(e)]).filter(([_, b]) => b.right - b.left > 2 && b.bottom - b.top > 2);
  for (const [e, b] of solid) {
    if (b.right > window.innerWidth + 1 || b.left < -1) found.push(`outside: ${says(e)}`);
    const whole = e.getBoundingClientRect();
    if (b.right - b.left < whole.width - 1) found.push(`cut at the side: ${says(e)}`);
  }
  for (let i = 0; i < solid.length; i++)
    for (let j = i + 1; j < solid.length; j++) {
      const [[a, p], [b, q]] = [solid[i], solid[j]];
      if (a.contains(b) || b.contains(a)) continue;
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 2 && high > 2) found.push(`overlap: ${says(a)} and ${says(b)}`);
    }
  return found;
}
"""

#: Errors in the outputs of the notebook that is open.
FAILED_OUTPUTS = """
() => [...window.jupyterapp.shell.currentWidget.content.model.cells].flatMap(cell =>
  cell.type === 'code' ? cell.outputs.toJSON().filter(o => o.output_type === 'error' || o.name === 'stderr')
    .map(o => o.evalue || o.text) : [])
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(notebooks_dir(), folder)
    return folder


@pytest.fixture(scope="module")
def lab(notebooks: Path) -> Iterator[str]:
    browser.require()
    with browser.jupyterlab(notebooks.parent, notebooks) as url:
        yield url


def open_notebook(page: Page, lab: str, name: str) -> None:
    page.goto(f"{lab}/lab/tree/{name}?token={browser.TOKEN}&reset")
    page.wait_for_function(
        "name => window.jupyterapp?.shell.currentWidget?.context?.path === name"
        " && window.jupyterapp.shell.currentWidget.context.isReady",
        arg=name,
    )


def run_notebook(page: Page) -> None:
    page.evaluate(
        """async () => {
          const shown = window.jupyterapp.shell.currentWidget;
          await shown.sessionContext.ready;
          await window.jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_jupyterlab_runs_every_notebook_without_an_error_or_a_request_to_elsewhere(
    name: str, lab: str, chromium: Browser
) -> None:
    with watched(chromium) as seen:
        open_notebook(seen.page, lab, name)
        run_notebook(seen.page)
        assert seen.page.evaluate(FAILED_OUTPUTS) == []
        counts = seen.page.evaluate(
            "() => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
            ".filter(cell => cell.type === 'code').map(cell => cell.executionCount)"
        )
        assert counts == list(range(1, len(counts) + 1))
        expect_nothing_wrong(seen)
        end_kernel(seen.page)


def end_kernel(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def expect_nothing_wrong(seen: Watched) -> None:
    assert seen.errors == []
    assert seen.outside == []


# Exploring, in JupyterLab and on the page ----------------------------------------------------------------------------


def shown(page: Page) -> tuple[str, str, str]:
    """Figures, picture and table of the explorer."""
    page.wait_for_selector(".drkit .drkit-picture img")
    return (
        page.inner_text(".drkit .drkit-headline"),
        page.get_attribute(".drkit .drkit-picture img", "src") or "",
        page.inner_text(".drkit .drkit-table"),
    )


def until_it_says(page: Page, words: str) -> str:
    page.wait_for_function("words => document.querySelector('.drkit .drkit-said').innerText.includes(words)", arg=words)
    return page.inner_text(".drkit .drkit-said")


def until_it_follows(page: Page, before: tuple[str, str, str]) -> None:
    page.wait_for_function(
        "src => document.querySelector('.drkit .drkit-picture img')?.getAttribute('src') !== src", arg=before[1]
    )


def dial(page: Page, label: str) -> Any:
    return page.locator(".drkit-dial", has=page.locator(f".widget-label:text-is('{label}')"))


def explore_by_keyboard(page: Page) -> None:
    """Tab from a text to the next slider, move it by an arrow key, and see figures, picture and table follow."""
    before = shown(page)
    dial(page, "RPO").locator("input").focus()
    page.keyboard.press("Tab")
    focused = (
        "() => { const e = document.activeElement; const s = getComputedStyle(e);"
        " return [e.className, s.outlineStyle, parseFloat(s.outlineWidth)] }"
    )
    name, outline, width = page.evaluate(focused)
    assert "noUi-handle" in name, "Tab goes from a text to the next slider"
    assert outline == "solid" and width >= 2, "what has the focus can be seen"
    rto = dial(page, "RTO").locator("input")
    for _ in range(12):  # from an hour down to less than a pilot light takes: 1 min; each press is seen before the next
        if (value := rto.input_value()) == "1 min":
            break
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(
            "value => [...document.querySelectorAll('.drkit-dial')].find(e => e.innerText.includes('RTO'))"
            ".querySelector('input').value !== value",
            arg=value,
        )
    assert rto.input_value() == "1 min"
    page.wait_for_function(
        "words => !document.querySelector('.drkit .drkit-headline').innerText.includes(words)", arg="Pilot light"
    )
    until_it_follows(page, before)
    after = shown(page)
    assert all(a != b for a, b in zip(before, after, strict=True))
    page.locator(".drkit-ticks input").first.focus()
    page.keyboard.press("Space")
    page.wait_for_function(
        "() => document.querySelector('.drkit .drkit-headline').innerText.includes('Backup and restore')"
    )
    page.keyboard.press("Space")
    dial(page, "RTO").locator("input").fill("1 h")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.drkit .drkit-headline').innerText.includes('Pilot light')")


def type_what_cannot_be(page: Page) -> None:
    before = shown(page)
    dial(page, "RTO").locator("input").fill("soon")
    page.keyboard.press("Enter")
    said = until_it_says(page, "It stays 1 h")
    assert said == "RTO: 'soon' is not a time: write one such as 90 s, 15 min, 4 h or 2 d. It stays 1 h."
    assert dial(page, "RTO").locator("input").input_value() == "1 h"
    assert shown(page) == before


def look_at_every_pane(page: Page, name: str) -> None:
    """Nothing is cut or covered, whatever is shown, on a small and on a large screen."""
    size = page.viewport_size
    assert size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": size["height"]})
        for button in page.locator(".drkit-panes button").all():
            button.click()
            page.wait_for_function(
                "title => document.querySelector(`.drkit .drkit-pane[data-title='${title}']`)"
                " && (document.querySelector('.drkit .drkit-picture img')?.complete ?? true)",
                arg=button.inner_text(),
            )
            assert page.evaluate(CUT_OR_COVERED) == [], f"{button.inner_text()} at {width}"
            if folder := os.environ.get("DRKIT_SCREENSHOTS"):  # for people to look at
                title = button.inner_text().replace(" ", "-")
                page.screenshot(path=f"{folder}/{name}-{width}-{title}.png")
    page.locator(".drkit-panes button").first.click()
    page.set_viewport_size(size)


def write_tfvars(page: Page, folder: Path) -> None:
    """The button writes what Terraform, where there is one, takes."""
    page.locator(".drkit-buttons input").first.fill(str(folder))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Write tfvars").click()
    said = until_it_says(page, "article.tfvars written: ")
    written = folder / "article.tfvars"
    assert str(written) in said
    assert "# Choice: pilot_light." in written.read_text()
    if shutil.which("terraform"):
        assert "Terraform accepts it" in said
        assert terraform.refusals(written) == []
    page.get_by_role("button", name="Save workload").click()
    until_it_says(page, "article.yaml written")
    assert workload_file.read(folder / "article.yaml").objectives.rto_s == 3600


def test_exploring_in_jupyterlab_follows_writes_and_is_kept(
    lab: str, notebooks: Path, chromium: Browser, tmp_path: Path
) -> None:
    with watched(chromium) as seen:
        page = seen.page
        open_notebook(page, lab, "05_explore.ipynb")
        run_notebook(page)
        explore_by_keyboard(page)
        type_what_cannot_be(page)
        look_at_every_pane(page, "lab")
        write_tfvars(page, tmp_path / "out")
        dial(page, "Outage").locator("input").fill("1,234")
        page.keyboard.press("Enter")
        # While the controls live, what is kept for later is not seen.
        page.wait_for_function(
            "() => JSON.stringify([...window.jupyterapp.shell.currentWidget.content.model.cells]"
            ".map(cell => cell.toJSON().outputs)).includes('Outage 1,234')"
        )
        assert not page.locator(".drkit-kept").first.is_visible()
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        end_kernel(page)
        expect_nothing_wrong(seen)
    with watched(chromium) as seen:
        open_notebook(seen.page, lab, "05_explore.ipynb")
        kept = seen.page.locator(".drkit-kept")
        kept.wait_for(state="visible")
        assert "Outage 1,234" in kept.inner_text() and "Pilot light" in kept.inner_text()
        assert kept.locator("img").evaluate("e => e.naturalWidth") == 1500
        assert seen.outside == []
        end_kernel(seen.page)
    as_a_page_without_network(notebooks / "05_explore.ipynb", tmp_path, chromium)


def as_a_page_without_network(notebook: Path, folder: Path, chromium: Browser) -> None:
    words = [str(BIN / "jupyter"), "nbconvert", "--to", "html", "--output-dir", str(folder), str(notebook)]
    subprocess.run(words, check=True, capture_output=True, env=browser.apart(folder))
    with watched(chromium) as seen:
        seen.page.goto((folder / "05_explore.html").as_uri(), wait_until="domcontentloaded")
        kept = seen.page.locator(".drkit-kept")
        assert kept.is_visible() and "Outage 1,234" in kept.inner_text()
        assert kept.locator("img").evaluate("e => e.naturalWidth") == 1500


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_exploring_on_a_page_follows_and_writes_and_ends_cleanly(theme: str, chromium: Browser, tmp_path: Path) -> None:
    words = [str(BIN / "drkit"), "serve", "article", "--theme", theme, "--out", str(tmp_path / "out")]
    environment = browser.apart(tmp_path) | {"PYTHONUNBUFFERED": "1"}
    log = tmp_path / "serve.log"
    with browser.process(words, tmp_path, environment, log) as server, watched(chromium) as seen:
        address = browser.said_in(log, r"http://\S+\?token=\S+", server)
        page = seen.page
        page.goto(address)
        page.wait_for_selector(".drkit .drkit-picture img")
        assert page.title() == "drkit: article"
        assert "drkit.explore(" not in page.content(), "no code is shown"
        assert readable(page), theme
        look_at_every_pane(page, theme)
        if theme == "light":
            explore_by_keyboard(page)
            type_what_cannot_be(page)
            write_tfvars(page, tmp_path / "out")
            no_file_from_elsewhere(page, tmp_path)
            only_with_the_token(page, address)
        expect_nothing_wrong(seen)
        kernels = kernels_of(server.pid)
        assert kernels
        # A kernel that is ended in the middle of a message may say so, in pyzmq's words; until then nobody may.
        assert "Traceback" not in log.read_text()
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        assert not any(alive(pid) for pid in kernels)
        assert log.read_text().endswith("ended, and every kernel with it\n")


def no_file_from_elsewhere(page: Page, folder: Path) -> None:
    """A visitor keeps to the folder of --out, and to the current one."""
    where, what = page.locator(".drkit-buttons input").all()
    where.fill(str(folder))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save workload").click()
    until_it_says(page, f"this page writes to {folder / 'out'} and below only")
    what.fill("/etc/passwd")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Load workload").click()
    until_it_says(page, "'/etc/passwd' is neither")
    assert not (folder / "article.yaml").exists()


def only_with_the_token(page: Page, address: str) -> None:
    home = address.split("?")[0]
    with_it = page.request
    for place in (
        "voila/files/explore.ipynb",
        "explore.ipynb",
        "voila/tree",
        "api/contents",
        "voila/files/../serve.log",
    ):
        assert with_it.get(home + place).status in (403, 404), place
    stranger = page.context.browser.new_context() if page.context.browser else None
    assert stranger
    answer = stranger.request.get(home)
    assert "/login" in answer.url and "drkit-headline" not in answer.text()
    assert stranger.request.get(f"{home}?token=guess").url.startswith(f"{home}login")
    assert stranger.request.get(home, headers={"Host": "evil.example"}).status == 403
    stranger.close()


def readable(page: Page) -> bool:
    """Whether the figures stand out from what is behind them: a contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""
    ratio: float = page.evaluate(
        """() => {
          const light = rgb => {
            const part = rgb.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
              .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
          };
          const worst = [...document.querySelectorAll('.drkit-name, .drkit-value, .drkit-note')].map(e => {
            const ink = light(getComputedStyle(e).color);
            const paper = light(getComputedStyle(e.closest('.drkit-tile')).backgroundColor);
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
          });
          return Math.min(...worst);
        }"""
    )
    return ratio >= 4.5


def kernels_of(pid: int) -> list[int]:
    """Processes that a server has started, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False
