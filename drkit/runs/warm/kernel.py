"""IPython's kernel, without what its start computes for nothing when a warm process forks it."""

from __future__ import annotations

from typing import Any

from ipykernel import kernelapp
from traitlets.config import Config


class IPKernelApp(kernelapp.IPKernelApp):
    """Named as the class that it stands in for, since settings and log are found under that name."""

    def parse_command_line(self, argv: Any = None) -> None:
        """Take ``-f FILE``, which is all that most kernels are told, without a parser that knows every option."""
        if argv is None or len(argv) != 2 or argv[0] != "-f":
            super().parse_command_line(argv)
            return
        self.argv = list(argv)
        self.cli_config = Config({"IPKernelApp": {"connection_file": argv[1]}})
        self.update_config(self.cli_config)

    def get_default_logging_config(self) -> Any:
        """Let no message be put together that the only handler drops: there are several for each cell."""
        config = super().get_default_logging_config()
        if not self.logging_config:
            config["loggers"]["IPKernelApp"]["level"] = config["handlers"]["console"]["level"]
        return config
