"""The tables of docs/results.md, each by one command that it shows.

    python -m benchmarks.results [--data-dir DIR] [--only NAME ...]

A table is between two marks of the page that have its name; what does not run stays as it is.
Runs are kept in `.cache/results`, so that a command that was stopped goes on where it was.
"""

import argparse
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE, RUNS = ROOT / "docs" / "results.md", ROOT / ".cache" / "results"
_DEMO, _MOVIELENS = "demo", "movielens-100k"
_RIVALS = "flagship,closed_form,biased_factors,ease"


@dataclass(frozen=True)
class Table:
    """One table of the page.

    Attributes:
      name: Its name in the page's marks.
      dataset: What it is measured on.
      arguments: What `tessera compare` is given beside the dataset.
    """

    name: str
    dataset: str
    arguments: str

    @property
    def command(self) -> str:
        """The command as a user types it."""
        folder = "" if self.dataset == _DEMO else " --data-dir DIR"
        return f"tessera compare --dataset {self.dataset}{folder} {self.arguments}"

    def measured(self, data_dir: str | None) -> str:
        """Runs the command; returns the table and what is said of it, in Markdown.

        Args:
          data_dir: Folder of MovieLens-100K.

        Raises:
          CalledProcessError: The command failed.
        """
        words = shlex.split(self.command.replace("DIR", shlex.quote(data_dir or "")))
        # Tables of one dataset share the steps and the runs that they have in common.
        root = RUNS / self.dataset
        program = [sys.executable, "-c", "from pipeline.cli import main; main()"]
        subprocess.run([*program, *words[1:], "--root", str(root)], check=True, cwd=ROOT)
        written = (root / "comparisons" / self.dataset / "latest" / "comparison.md").read_text(
            encoding="utf-8")
        return "\n\n".join(part for part in written.split("\n\n")[2:]
                           if not part.startswith("![")).strip()


def tables(recipes: str) -> tuple[Table, ...]:
    """Returns the tables of the page, the fastest of each dataset first.

    Args:
      recipes: The project's recipes, separated by commas.
    """
    return (
        Table("demo-rivals", _DEMO, f"--recipes {_RIVALS} --seeds 3"),
        Table("demo-without", _DEMO, "--recipes flagship --without text,image,audio --seeds 3"),
        Table("demo-tasks", _DEMO, "--recipes flagship --single-tasks"),
        Table("demo-league", _DEMO, f"--recipes {recipes}"),
        Table("movielens-rivals", _MOVIELENS, f"--recipes {_RIVALS} --seeds 3"),
        Table("movielens-tasks", _MOVIELENS, "--recipes flagship --single-tasks"),
        Table("movielens-league", _MOVIELENS, f"--recipes {recipes}"),
    )


def replaced(page: str, table: Table, content: str) -> str:
    """Returns the page with a table's place filled anew.

    Args:
      page: The page.
      table: The table.
      content: What its command came to.

    Raises:
      ValueError: The page has no place for it.
    """
    begin, end = (f"<!-- {word} {table.name} -->" for word in ("begin", "end"))
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE.name} has no '{begin}' and '{end}'.")
    # The names of all recipes are the program's to list.
    command = re.sub(r"--recipes (\S+,){9,}\S+", "--recipes $(tessera recipes | awk '{print $1}' "
                     "| paste -sd,)", table.command)
    before, after = page.split(begin)[0], page.split(end)[1]
    return f"{before}{begin}\n\n    {command}\n\n{content}\n\n{end}{after}"


def main() -> None:
    """Measures the tables and writes them into the page."""
    from pipeline.recipe_files import recipes

    parser = argparse.ArgumentParser(description="The tables of docs/results.md.")
    parser.add_argument("--data-dir", help="folder of MovieLens-100K; without it only the demo")
    parser.add_argument("--only", nargs="+", default=[], help="names of tables")
    given = parser.parse_args()
    every = tables(",".join(recipes()))
    names = [table.name for table in every]
    if unknown := set(given.only) - set(names):
        parser.error(f"there is no table {', '.join(sorted(unknown))}; there are: "
                     f"{', '.join(names)}")
    for table in every:
        if given.only and table.name not in given.only:
            continue
        if table.dataset == _MOVIELENS and not given.data_dir:
            print(f"{table.name} is left as it is: it needs --data-dir")
            continue
        content = table.measured(given.data_dir)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replaced(page, table, content), encoding="utf-8")
        print(f"{table.name} is in {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
