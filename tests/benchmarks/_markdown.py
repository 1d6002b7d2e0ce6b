"""Pieces of a page: tables, links to headings, parts that are folded away."""

import re
from collections.abc import Iterable, Sequence

MISSING = "–"  # noqa: RUF001


def table(headers: Sequence[str], lines: Iterable[Sequence[str]], *, n_words: int = 0) -> str:
    """Return a table of figures; its first column and the last `n_words` hold words."""
    n_figures = len(headers) - 1 - n_words
    rule = ["---", *["---:"] * n_figures, *["---"] * n_words]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headers, rule, *lines))


def link(title: str) -> str:
    """Return a link to the heading of this title."""
    words = re.sub(r"[^\w\s-]", "", title.lower())
    anchor = re.sub(r"\s", "-", words)
    return f"[{title}](#{anchor})"


def folded(summary: str, body: str) -> str:
    """Return what a reader sees only when asking for it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"
