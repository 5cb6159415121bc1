"""The classifier of the networks of 2012-2014: dense layers behind dropout."""

from __future__ import annotations

from strate.layers import Dense, Dropout, Flatten, Layer


def dense_head(classes: int, units: int, dropout: bool) -> list[Layer]:
    """Two hidden layers of `units` with ReLU and dropout of one half after each, then the classes."""
    first, second = hidden_layer(units, dropout), hidden_layer(units, dropout)
    return [Flatten(), *first, *second, Dense(classes, activation="softmax")]


def hidden_layer(units: int, dropout: bool) -> list[Layer]:
    return [Dense(units, activation="relu", init="he_normal"), *dropped(0.5, dropout)]


def dropped(rate: float, dropout: bool) -> list[Layer]:
    """A Dropout, or nothing where it is off."""
    return [Dropout(rate)] if dropout else []
