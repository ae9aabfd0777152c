"""The demo: a whole run on the embedded shop, then real queries to a real server."""

import csv
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from rich.console import Console

from pipeline.config import RunConfig
from pipeline.console import recommendations, say
from pipeline.nodes import NodeRun
from pipeline.pushed import serving_folder
from pipeline.run import run
from serving.client import Client
from serving.launch import Address, running_server

_PUSHED = "PushedModel"
_USERS, _K = 3, 5


def run_demo(config: RunConfig, console: Console) -> int:
    """Runs the demo.

    Args:
      config: The demo dataset's configuration.
      console: Where lines and tables go.

    Returns:
      The run's exit code.
    """
    with ExitStack() as until_then, ThreadPoolExecutor(1) as beside:
        starting: list[Future[Address]] = []

        def ended(node: NodeRun) -> None:
            if _PUSHED in node.types.values():  # it loads while the reports are written
                starting.append(beside.submit(lambda: until_then.enter_context(
                    running_server(serving_folder(config.root)))))

        code = run(config, console, ended)
        if code:
            return code
        with (config.data_dir / "users.csv").open(encoding="utf-8", newline="") as file:
            users = [row[0] for row in csv.reader(file)][1 : 1 + _USERS]
        with Client(*starting[0].result()) as client:
            for user, items in zip(users, client.recommend(users, _K), strict=True):
                console.print(recommendations(user, items))
            (cold_start,) = client.recommend(["a-new-user"], _K)
            console.print(recommendations("a cold-start user", cold_start))
    say(console, f"The data report: {config.root / 'runs' / 'latest' / 'data_report.html'}")
    return code
