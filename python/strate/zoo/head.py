"""The classifier of the networks of 2012-2014: dense layers behind dropout."""

from __future__ import annotations

from strate.layers import Dense, Dropout, Flatten, Layer


def dense_head(classes: int, units: int) -> list[Layer]:
    """Two hidden layers of `units` with ReLU and dropout of one half after each, then the classes."""
    return [
        Flatten(),
        Dense(units, activation="relu", init="he_normal"),
        Dropout(0.5),
        Dense(units, activation="relu", init="he_normal"),
        Dropout(0.5),
        Dense(classes, activation="softmax"),
    ]
