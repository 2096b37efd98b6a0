"""Numbers of the linear analysis in a page: the one thing that another platform may write
otherwise, marked where it stands.

A page follows from plan and runs to the letter, which have the same bits everywhere; so do means
and intervals. A margin does not: it comes from eigenvalues and roots, which another linear-algebra
library finds with other last digits. While pages are made, each margin is marked with all that may
stand in its place: what is written of it, and of its neighbours within a tolerance. Nearly always
that is one text, which needs no mark. `plain` takes the marks out; `follows` holds an untrusted
page against a marked one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# relative, of a margin: eigenvalues and roots of two linear-algebra libraries agree to about 1e-8,
# since a root is searched for to that
TOLERANCE = 1e-6
# For private use: no visible text has them, and untrusted text is refused unless it is visible.
BEGIN, OR, END = "\ue000", "\ue001", "\ue002"
PAGES = (".md", ".html", ".csv")  # the files that have marks
MARK = re.compile(f"{BEGIN}([^{END}]*){END}")


def marked(write: Callable[[float], str]) -> str:
    """What is written of margins, marked where another text may stand for them.

    write: makes the text of the numbers times a factor.
    """
    texts = dict.fromkeys(write(factor) for factor in (1.0, 1.0 - TOLERANCE, 1.0 + TOLERANCE))
    return next(iter(texts)) if len(texts) == 1 else f"{BEGIN}{OR.join(texts)}{END}"


def plain(text: str) -> str:
    """A text without its marks."""
    return MARK.sub(lambda found: found[1].partition(OR)[0], text)


def plain_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files without their marks."""
    return {
        name: plain(content.decode()).encode() if name.endswith(PAGES) else content
        for name, content in files.items()
    }


def follows(recorded: str, made: str) -> bool:
    """Whether a text is the marked one, to the letter but for what its marks allow."""
    parts, at = MARK.split(made), 0  # text, mark, text, ...
    for number, part in enumerate(parts):
        if number % 2 == 0:
            if not recorded.startswith(part, at):
                return False
            at += len(part)
            continue
        after = parts[number + 1]
        length = next((len(t) for t in part.split(OR) if recorded.startswith(t + after, at)), None)
        if length is None:
            return False
        at += length
    return at == len(recorded)
