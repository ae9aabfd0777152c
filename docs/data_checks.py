"""docs/data-validation.md: the checks on data, from the registry that runs them."""

from components.data_checks import CHECKS
from components.data_checks.check import Check

_HEAD = """\
# Data validation

For whoever is on call. `make docs` writes this page from the registry in
`components/data_checks`.

Each run compares its data with those of the newest run of the same dataset whose model was
blessed, of whatever recipe (`checks.past` names others, see below). A first run has no past and
says so: what needs one is left out. `DataProfiler` writes a small profile of the data;
`DataValidator` asks every check and writes one verdict; the data report shows that verdict, and
`DataGate` acts on it, so that page and run cannot differ. `alerts.webhook` of the configuration is
an address that each run posts its verdict to, off by default: `version`, `run`, `dataset`,
`recipe`, `verdict`, `headline` and, under `reasons`, the failures and warnings, a sentence each.
Data that cannot be read, and a step that fails before they are judged, are a FAIL as well.

| Verdict | Means | The run |
|---|---|---|
| OK | no check has a warning or a failure | goes on |
| WARN | look at the findings before you trust the model | goes on; they are in `metrics.json` |
| FAIL | the data must not be trained on | stops before training, exit code 3 |

`checks.past` of the configuration says what data are compared with: `1`, the newest blessed run;
`7`, the newest seven, of which the nearest counts, so that a Sunday is no news where last Sunday
was the same; or the id of a run, blessed or not, such as `20260102-030405`. Where data come in
daily folders (your-data.md), it is the newest run of each of so many days before, whenever it ran.

What to do with a finding:

1. `tessera report` opens the page. A finding says where it is, what is wrong, the value, the
   limit and what to do; below is what changed since the last run.
2. **The data are wrong**: correct the files and run again. Nothing was trained or pushed, and the
   served model is the last good one.
3. **The data are right, and the world changed**: set another limit for the column in its schema,
   and take it away after the run. A blessed run is the past of the next one, so that a change is
   shown once.

A limit is a tag of the column in the schema (for a whole table: of its id column; for times: of
the column of times). The report has it beside each finding, ready to be copied:

    annotation { tag: "check:distribution_shift>0.5=FAIL" tag: "check:language_shift=off" }

`checks.max_quarantine_share` of the configuration (1 %) is the limit of `quarantined_rows` and of
`lost_values`.

`make faults` seeds about 130 faults in the demo shop, and with `TESSERA_DATA=DIR` in
MovieLens-100K of `DIR`, and prints what was expected and what was found. Of 134 and 122 faults all
were found under the right name and at the right severity, with no false alarm on 50 clean shops.

## The checks

A value above the limit is a finding. "past": the check needs a run to compare with.

| Check | Value | Past | WARN above | FAIL above | What to do |
|---|---|---|---|---|---|
"""


def data_checks_page() -> str:
    """Returns docs/data-validation.md: what each check measures, its limits and what to do."""
    return _HEAD + "".join(map(_row, CHECKS.values()))


def _row(check: Check) -> str:
    warn, fail = ("–" if limit is None else f"{limit:g}" for limit in (check.warn, check.fail))
    past = "past" if check.compares else ""
    return (f"| `{check.name}` | {check.meaning} | {past} | {warn} | {fail} | "
            f"{check.action} |\n")
