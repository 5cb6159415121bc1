"""What README.md and docs/ claim is run here."""

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


def test_the_lecture_page():
    path = ROOT / "docs" / "lecture.md"
    text = "".join(blocks(path, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    assert len(test.examples) > 40
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
    assert failed == 0
