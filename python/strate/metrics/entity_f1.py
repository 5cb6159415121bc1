from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"

Tags = Sequence[Sequence[str]]


class Entity(NamedTuple):
    """A named thing in a sentence: its kind, its first word, and one after its last."""

    kind: str
    begin: int
    end: int


class EntityScores(NamedTuple):
    """What `entity_f1` found.

    Attributes:
        precision: how many of the predicted entities are right.
        recall: how many of the true entities were found.
        f1: 2 precision recall / (precision + recall), 0 where nothing is right.
        found, predicted, true: the counts behind them.
    """

    precision: float
    recall: float
    f1: float
    found: int
    predicted: int
    true: int


def entities(tags: Iterable[str]) -> list[Entity]:
    """The entities of one sentence in BIO tags: B-person begins one, I-person goes on with it, O is outside.

    As in the shared tasks' script, an I- that does not go on with an entity of its kind begins one.

    Raises:
        ValueError: a tag that is not O, B-kind or I-kind.

    >>> from strate.metrics import entities
    >>> entities(["B-person", "I-person", "O", "I-location"])
    [Entity(kind='person', begin=0, end=2), Entity(kind='location', begin=3, end=4)]
    """
    found: list[Entity] = []
    for place, tag in enumerate(tags):
        mark, _, kind = tag.partition("-")
        if tag == OUTSIDE:
            continue
        if mark not in ("B", "I") or not kind:
            raise ValueError(f"[entity_f1] tags are O, B-kind and I-kind; got tag={tag!r}")
        if mark == "I" and found and (found[-1].kind, found[-1].end) == (kind, place):
            found[-1] = found[-1]._replace(end=place + 1)
        else:
            found.append(Entity(kind, place, place + 1))
    return found


def entity_f1(tags: Tags, predicted: Tags) -> EntityScores:
    """How well the entities of sentences were found: one is right if kind, first and last word are.

    Args:
        tags: of each sentence, the true BIO tags of its words.
        predicted: of each sentence, as many tags.
    Raises:
        ValueError: another number of sentences or of words, a tag that is not O, B-kind or I-kind.
    Source:
        E. F. Tjong Kim Sang, F. De Meulder, "Introduction to the CoNLL-2003 Shared Task", CoNLL 2003.

    >>> true = [["B-person", "I-person", "O", "B-location"]]
    >>> st.metrics.entity_f1(true, [["B-person", "O", "O", "B-location"]]).f1
    0.5
    """
    if len(tags) != len(predicted):
        raise ValueError(f"[entity_f1] {len(tags)} sentences have tags; got {len(predicted)} predicted")
    right = answers = true = 0
    for place, (given, answer) in enumerate(zip(tags, predicted, strict=True)):
        if len(given) != len(answer):
            raise ValueError(
                f"[entity_f1] sentence {place} has {len(given)} words; got {len(answer)} predicted"
            )
        wanted, got = set(entities(given)), set(entities(answer))
        right, answers, true = right + len(wanted & got), answers + len(got), true + len(wanted)
    precision = right / answers if answers else 0.0
    recall = right / true if true else 0.0
    f1 = 2 * right / (answers + true) if right else 0.0
    return EntityScores(precision, recall, f1, right, answers, true)
