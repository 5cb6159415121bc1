"""Entities by the rules of the shared tasks' script."""

from __future__ import annotations

import numpy as np
import pytest

from strate.metrics import entities, entity_f1


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("", []),
        ("O O", []),
        ("B-x", [("x", 0, 1)]),
        ("O B-x I-x I-x", [("x", 1, 4)]),
        ("B-x B-x", [("x", 0, 1), ("x", 1, 2)]),
        ("B-x I-y I-y", [("x", 0, 1), ("y", 1, 3)]),  # an I- of another kind begins one
        ("O I-x I-x O I-x", [("x", 1, 3), ("x", 4, 5)]),  # and so does one after O
        ("B-x O I-x", [("x", 0, 1), ("x", 2, 3)]),
        ("B-creative-work I-creative-work", [("creative-work", 0, 2)]),
    ],
)
def test_entities(tags, found):
    assert entities(tags.split()) == found


def test_counts_of_whole_entities():
    tags = [["B-a", "I-a", "O", "B-b"], ["O", "O"], ["B-a"]]
    answers = [["B-a", "O", "O", "B-b"], ["B-b", "O"], ["B-b"]]
    scores = entity_f1(tags, answers)  # one right; one too short, one from nowhere, one of another kind
    assert (scores.found, scores.predicted, scores.true) == (1, 4, 3)
    assert (scores.precision, scores.recall) == (1 / 4, 1 / 3)
    assert scores.f1 == pytest.approx(2 / 7)


def test_the_same_span_of_another_sentence_is_another_entity():
    assert entity_f1([["B-a"], ["O"]], [["O"], ["B-a"]]).f1 == 0


def test_all_and_nothing():
    tags = [["B-a", "I-a"], ["O"]]
    assert entity_f1(tags, tags)[:3] == (1, 1, 1)
    assert entity_f1(tags, [["O", "O"], ["O"]]) == (0, 0, 0, 0, 0, 1)
    assert entity_f1([], []) == (0, 0, 0, 0, 0, 0)
    assert entity_f1(np.array([["B-a"]]), np.array([["B-a"]])).f1 == 1


@pytest.mark.parametrize("tag", ["", "B", "B-", "X-a", "o", "person"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError, match=r"\[entity_f1\] tags are O, B-kind and I-kind; got tag="):
        entity_f1([[tag]], [["O"]])


def test_lengths_go_together():
    with pytest.raises(ValueError, match="2 sentences have tags; got 1 predicted"):
        entity_f1([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="sentence 1 has 2 words; got 1 predicted"):
        entity_f1([["O"], ["O", "O"]], [["O"], ["O"]])
