"""The page of worked examples, from the shipped scenarios and their committed reports.

`python -m tests.examples` writes it anew, after a scenario or its report has changed.
"""

import re
import textwrap
from pathlib import Path

import yaml

__all__ = ["GROUPS", "PAGE", "SCENARIOS", "examples_text"]

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
PAGE = ROOT / "simulator" / "docs" / "examples.md"
WIDTH = 78
GROUPS = {
    "How many machines": ("one_machine two_shards two_stages small_team web_search shard_count equal_machines a_day"),
    "The slowest, and what helps": (
        "tail_at_scale hedging hedging_load deadline balancing slow_shard slow_tail lost_replica retry_storm"
    ),
    "What a funnel finds": "film_funnel contextual_search funnel_width",
    "What the ranking does to its own data": (
        "popular_first exploration new_ads random_lists ab_and_holdout open_bandit"
    ),
    "Data and training": "label_budget training_plan transfer go_no_go",
    "Why it is wrong": "december_model logging_skew missing_feature",
}
"""The scenarios by what they are about, in the order in which they are best read."""
HEAD = """# Worked examples

Every scenario that comes with the repository: what it is about, its question,
and the answer as its report opens with it. `simulator report FILE` makes each
report anew, with curves, tables and what was assumed; its folder under reports
is the one named beside it.
"""


def examples_text() -> str:
    """The page."""
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts += [f"## {title}\n", *(_example(SCENARIOS / f"{name}.yaml") for name in names.split())]
    return "\n".join(parts)


def _example(path: Path) -> str:
    """One scenario."""
    text = path.read_text()
    asked = yaml.safe_load(text)
    report = ROOT / "reports" / asked["name"]
    answer = re.search(r"^\*\*(.+)\*\*$", (report / "report.md").read_text(), re.MULTILINE)
    assert answer, f"{report} has no answer"
    commented = [line[1:].strip() for line in re.match(r"(?:#.*\n)+", text)[0].splitlines()]
    about = " ".join(line for line in commented if line and "$schema" not in line)
    return "\n".join(
        [
            f"### {path.stem}\n",
            f"{_wrapped(about)}\n",
            f"{_wrapped('*' + asked['question'] + '*')}\n",
            f"```sh\nsimulator report scenarios/{path.name}    # reports/{asked['name']}\n```\n",
            f"{_wrapped(answer[1])}\n",
        ]
    )


def _wrapped(text: str) -> str:
    """The text in lines that a terminal shows whole."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(examples_text())
