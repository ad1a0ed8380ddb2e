"""The warm engine: notebooks come out as papermill's own engine makes them, and no run sees what another did."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import executed
import nbformat
import papermill
import pytest

from drkit.files.bundled import notebooks_dir
from drkit.runs import engine, warm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not warm.POSSIBLE, reason="warm processes need Linux"),
    # nbclient leaves the sockets of a kernel that died to the garbage collector, whatever the engine.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

RICH = (
    # Streams: order within each, text of programs that are started, what comes from below Python.
    "import os, subprocess, sys\nfor at in range(3):\n    print('out', at)\n    print('err', at, file=sys.stderr)",
    "print('before', flush=True)\nsubprocess.run(['echo', 'from a program'])\nos.write(1, b'from below\\n')",
    "import threading, time\nworker = threading.Thread(target=lambda: print('from a thread'))\nworker.start(); worker.join()",
    # Displays, and their update from a later cell.
    "from IPython.display import HTML, Javascript, Markdown, clear_output, display\n"
    "shown = display(HTML('<b>first</b>'), display_id='shown')\nMarkdown('**text**')",
    "shown.update(HTML('<i>second</i>'))\nprint('gone'); clear_output(); print('stays')",
    "import pandas as pd\npd.DataFrame({'a': [1, 2.5], 'b': ['x', None]})",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('drawn by pyplot')",
    "import matplotlib\nfigure = matplotlib.figure.Figure(); figure.subplots().bar([1, 2], [3, 4]); print(matplotlib.get_backend())\nfigure",
    "import ipywidgets\nipywidgets.IntSlider(value=3, description='slide')",
    "import warnings\nwarnings.warn('careful')\nimport logging\nlogging.getLogger('rich').warning('logged')",
    "%matplotlib inline\n%env DRKIT_RICH=1\n!echo shell $DRKIT_RICH",
    "import asyncio\nawait asyncio.sleep(0)\n_, given",
    # What a kernel is: its path, arguments, folder, streams, signals, threads, environment, mask, session.
    "print(sys.path, sys.argv[0], len(sys.argv), os.getcwd(), sys.stdin.read(), sys.flags)\nsubprocess.run(['cat'])",
    "import signal\nprint([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)])",
    "print(sorted(thread.name.partition('-')[0] for thread in threading.enumerate()))",
    "print(sorted(os.environ.items() - {('JPY_PARENT_PID', os.environ['JPY_PARENT_PID'])}))",
    "print(oct(os.umask(0o22)), os.getsid(0) == os.getpid(), __name__, sys.modules['__main__'].__name__)",
    "print([pd.get_option(f'display.{name}') for name in ('width', 'max_columns', 'max_rows', 'large_repr')])",
    "import multiprocessing\nme = multiprocessing.current_process()\nprint(me.name, me.daemon, multiprocessing.active_children())\n"
    "multiprocessing.set_start_method('spawn')",
    "get_ipython().history_manager.hist_file, get_ipython().ipython_dir",
    "app = get_ipython().kernel.parent\nprint(type(app).__name__, app.argv[0], app.extra_args, list(app.config), app.log_level, flush=True)\n"
    "app.log.debug('dropped'); app.log_level = 'DEBUG'; app.log.debug('shown'); app.log_level = 'WARN'",
    "1 / 0",
)

ENDINGS = {
    "an error": (
        ("print('first')", "def broken():\n    raise LookupError('no such thing')", "broken()", "print('never')"),
        {},
    ),
    "a timeout": (
        ("import time\nprint('waits', flush=True)\ntime.sleep(60)", "print('never')"),
        {"execution_timeout": 2},
    ),
    "an interrupt": (
        ("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)", "print('never')"),
        {},
    ),
    "input refused": (("name = input('who? ')",), {}),
    "an exit": (("import sys\nsys.exit(0)",), {}),
    "a syntax error": (("def (:",), {}),
    # The pause lets the kernel's word that it has begun the cell out, which would be lost now and then.
    "a dead kernel": (("import os, time\ntime.sleep(0.5)\nos._exit(3)",), {}),
}


def papermill_words(source: Path, target: Path, engine: str = "drkit") -> list[str]:
    return [sys.executable, "-m", "papermill", "--engine", engine, str(source), str(target), "--no-progress-bar"]


def both(source: Path, folder: Path, **options: Any) -> list[tuple[Any, BaseException | None]]:
    return [executed.execute(source, folder / f"{name}.ipynb", name, **options) for name in ("nbclient", "drkit")]


def assert_same(drkit: Any, stock: Any) -> None:
    """Cell by cell first: that tells which one differs."""
    ours, theirs = executed.comparable(drkit), executed.comparable(stock)
    for one, other in zip(ours["cells"], theirs["cells"], strict=True):
        assert one == other
    assert ours == theirs


@pytest.mark.parametrize("name", ["01_catalog", "02_compare_topologies", "03_rpo_rto", "04_design"])
def test_bundled_notebooks_come_out_as_with_the_stock_engine(name: str, tmp_path: Path) -> None:
    (stock, _), (drkit, _) = both(notebooks_dir() / f"{name}.ipynb", tmp_path)
    assert_same(drkit, stock)


def test_rich_outputs_come_out_as_with_the_stock_engine(tmp_path: Path) -> None:
    source = executed.write(tmp_path / "rich.ipynb", *RICH)
    (stock, _), (drkit, raised) = both(source, tmp_path, parameters={"given": 3})
    assert drkit.cells[-1].metadata.papermill.status == "failed" and "ZeroDivisionError" in str(raised)
    assert_same(drkit, stock)


@pytest.mark.parametrize("ending", ENDINGS)
def test_runs_that_do_not_end_well_end_alike(ending: str, tmp_path: Path) -> None:
    cells, options = ENDINGS[ending]
    source = executed.write(tmp_path / "ending.ipynb", *cells)
    (stock, stock_raised), (drkit, raised) = both(source, tmp_path, **options)
    assert_same(drkit, stock)
    assert type(raised) is type(stock_raised)


@pytest.mark.parametrize("name", ["nbclient", "drkit"])
def test_ctrl_c_leaves_the_notebook_as_far_as_it_came_and_no_process(name: str, tmp_path: Path) -> None:
    source = executed.write(tmp_path / "slow.ipynb", "import os\nprint(os.getpid())", "import time\ntime.sleep(300)")
    target = tmp_path / f"{name}.ipynb"
    running = subprocess.Popen(papermill_words(source, target, name), stderr=subprocess.DEVNULL)
    _until(lambda: target.exists() and _status(target, -1) == "running")
    running.send_signal(signal.SIGINT)
    assert running.wait(30) != 0
    notebook = nbformat.read(target, as_version=4)
    assert [cell.metadata.papermill.status for cell in notebook.cells][:-1] == ["completed", "completed"]
    kernel = int(notebook.cells[1].outputs[0].text)
    _until(lambda: not Path(f"/proc/{kernel}").exists())


STATE = """
import gc, os, random, sys, threading, warnings
import matplotlib, numpy as np, pandas as pd, drkit
print(sorted(name for name in globals() if not name.startswith('_')))
print(matplotlib.rcParams['font.size'], matplotlib.rcParams['backend'], pd.get_option('display.max_rows'), np.geterr())
print(os.environ.get('DRKIT_LEFT'), os.getcwd(), os.umask(0o22), 'left' in sys.path, 'left' in sys.modules)
print(len(threading.enumerate()), drkit.__version__)
print(drkit.Catalog.load().prices.find('AWSELB', 'alb/hour', 'us-east-1').usd, sys.getrecursionlimit())
open_files = len(os.listdir('/proc/self/fd'))
"""
LEAVES = """
import os, random, sys, threading, time, types, warnings
import matplotlib, numpy as np, pandas as pd, drkit
from drkit.facts.prices import PriceBook
left = 1
matplotlib.rcParams['font.size'] = 99
matplotlib.use('agg')
pd.set_option('display.max_rows', 7)
np.seterr(all='raise'); np.random.seed(1); random.seed(1)
os.environ['DRKIT_LEFT'] = 'yes'; os.chdir('/'); os.umask(0)
sys.path.append('left'); sys.modules['left'] = types.ModuleType('left'); sys.setrecursionlimit(5000)
warnings.simplefilter('error'); drkit.__version__ = 'left'; PriceBook.find = None
held = [open(os.devnull) for _ in range(5)]
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""


def test_what_one_run_sets_the_next_does_not_see(tmp_path: Path) -> None:
    looks = executed.write(tmp_path / "looks.ipynb", STATE)
    stock, _ = executed.execute(looks, tmp_path / "stock.ipynb", "nbclient")
    first, _ = executed.execute(looks, tmp_path / "first.ipynb", "drkit")
    leaves = executed.write(tmp_path / "leaves.ipynb", LEAVES)
    _, raised = executed.execute(leaves, tmp_path / "left.ipynb", "drkit")
    assert raised is None
    second, _ = executed.execute(looks, tmp_path / "second.ipynb", "drkit")
    assert executed.printed(second) == executed.printed(first) == executed.printed(stock)


def test_each_run_draws_other_random_numbers(tmp_path: Path) -> None:
    draws = "import random, numpy as np\nprint(random.random(), np.random.random())"
    source = executed.write(tmp_path / "draws.ipynb", draws)
    drawn = [
        executed.printed(executed.execute(source, tmp_path / f"{at}.ipynb", "drkit")[0]).split() for at in range(3)
    ]
    assert len({numbers[0] for numbers in drawn}) == len({numbers[1] for numbers in drawn}) == 3


def test_environment_and_folder_are_those_of_the_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRKIT_MOMENT", "now")
    source = executed.write(tmp_path / "moment.ipynb", "import os\nprint(os.environ['DRKIT_MOMENT'], os.getcwd())")
    notebook, _ = executed.execute(source, tmp_path / "out.ipynb", "drkit")
    assert executed.printed(notebook).split() == ["now", str(tmp_path)]


def test_kernels_are_forked_and_end_with_their_run(tmp_path: Path) -> None:
    source = executed.write(tmp_path / "who.ipynb", "import os\nprint(os.getpid(), os.getppid())")
    ran = [executed.execute(source, tmp_path / f"{at}.ipynb", "drkit")[0] for at in range(2)]
    (kernel, parent), (other, again) = (executed.printed(notebook).split() for notebook in ran)
    assert kernel != other and parent == again != str(os.getpid())
    assert not Path(f"/proc/{kernel}").exists()


def test_nothing_of_a_kernel_lies_in_the_folder_of_the_notebook(tmp_path: Path) -> None:
    source = executed.write(tmp_path / "looks.ipynb", "import os\nprint(os.listdir())")
    (tmp_path / "out").mkdir()
    notebook, _ = executed.execute(source, tmp_path / "out" / "looks.ipynb", "drkit")
    assert sorted(ast.literal_eval(executed.printed(notebook))) == ["looks.ipynb", "out"]


@pytest.mark.parametrize(
    ("variable", "value"), [("PYTHONWARNINGS", "error"), ("OMP_NUM_THREADS", "1"), ("LC_ALL", "C")]
)
def test_what_is_read_at_the_start_only_makes_a_cold_start(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(variable, value)
    source = executed.write(tmp_path / "cold.ipynb", "import os\nprint(os.getppid())")
    with caplog.at_level("INFO", "papermill"):
        notebook, _ = executed.execute(source, tmp_path / "out.ipynb", "drkit")
    assert executed.printed(notebook).strip() == str(os.getpid())
    assert f"The kernel starts cold: {variable} differ from what the forkserver was started with" in caplog.messages


def test_memory_above_the_limit_is_an_error_of_the_cell(tmp_path: Path) -> None:
    source = executed.write(tmp_path / "hungry.ipynb", "held = bytearray(4 << 30)")
    notebook, raised = executed.execute(source, tmp_path / "out.ipynb", "drkit", memory_bytes=1 << 30)
    assert isinstance(raised, papermill.PapermillExecutionError) and raised.ename == "MemoryError"
    assert notebook.cells[-1].outputs[0].ename == "MemoryError"


def test_the_notebook_on_disk_is_a_second_old_at_most(tmp_path: Path) -> None:
    source = executed.write(tmp_path / "long.ipynb", "print('said')", "import time\ntime.sleep(4)")
    target = tmp_path / "out.ipynb"
    running = subprocess.Popen(papermill_words(source, target), stderr=subprocess.DEVNULL)
    try:
        _until(lambda: target.exists() and _status(target, -1) == "running")
        assert "said" in target.read_text(encoding="utf-8")
    finally:
        running.wait(30)


def test_what_a_file_that_nobody_closed_holds_is_written_at_the_end(tmp_path: Path) -> None:
    source = executed.write(
        tmp_path / "open.ipynb",
        "import types\nholder = types.SimpleNamespace(file=open('left.txt', 'w'))\nholder.itself = holder",
        "holder.file.write('said')",
        "del holder",
    )
    executed.execute(source, tmp_path / "out.ipynb", "drkit")
    assert (tmp_path / "left.txt").read_text(encoding="utf-8") == "said"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_papermill_leaves_neither_kernel_nor_forkserver(how: signal.Signals, tmp_path: Path) -> None:
    cells = ("import os\nprint(os.getpid(), os.getppid())", "import time\ntime.sleep(300)")
    source, target = executed.write(tmp_path / "slow.ipynb", *cells), tmp_path / "out.ipynb"
    running = subprocess.Popen(papermill_words(source, target), stderr=subprocess.DEVNULL)
    _until(lambda: target.exists() and _status(target, -1) == "running")
    running.send_signal(how)
    running.wait()
    processes = nbformat.read(target, as_version=4).cells[1].outputs[0].text.split()
    _until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes))


@pytest.mark.parametrize("guarded", [True, False])
def test_a_program_without_a_guard_is_not_run_again_by_its_kernel(guarded: bool, tmp_path: Path) -> None:
    source = executed.write(tmp_path / "one.ipynb", "import os\nprint(os.getppid())")
    call = "papermill.execute_notebook('one.ipynb', 'out.ipynb', engine_name='drkit', progress_bar=False)"
    guard = "if __name__ == '__main__':\n    " if guarded else ""
    (tmp_path / "program.py").write_text(f"import os, papermill\nprint(os.getpid())\n{guard}{call}\n", encoding="utf-8")
    told = subprocess.run([sys.executable, "program.py"], cwd=source.parent, check=True, capture_output=True, text=True)
    parent = executed.printed(nbformat.read(tmp_path / "out.ipynb", as_version=4))
    # The import of a guarded program in its kernel prints, too, but in another process.
    assert (parent == told.stdout.splitlines(keepends=True)[0]) is not guarded


def test_another_kernel_starts_as_it_always_does() -> None:
    assert engine._cold(["ir", "-f", "x"], {}) == "ir -f x is not IPython's kernel"
    other = ["/opt/other/bin/python", "-m", "ipykernel_launcher", "-f", "x"]
    assert engine._cold(other, {}) == f"/opt/other/bin/python is another Python than {sys.executable}"
    assert engine._cold([sys.executable, *other[1:]], {}) == ""


def _status(path: Path, cell: int) -> str:
    try:
        return str(nbformat.read(path, as_version=4).cells[cell].metadata.papermill.status)
    except Exception:
        return ""


def _until(holds: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.02)
