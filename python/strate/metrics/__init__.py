"""Metrics, one file each, by class or by name ("accuracy"), and scores of whole sentences."""

from __future__ import annotations

from collections.abc import Iterable

from strate.metrics.accuracy import Accuracy
from strate.metrics.binary_accuracy import BinaryAccuracy
from strate.metrics.entity_f1 import Entity, EntityScores, entities, entity_f1
from strate.metrics.metric import FromFunction, Metric

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "Entity",
    "EntityScores",
    "Metric",
    "entities",
    "entity_f1",
    "get",
]

NAMES = {"accuracy": Accuracy}


def get(metrics, loss) -> list[Metric]:
    """Metrics from a list of names, metrics and functions; None means accuracy for a loss on classes.

    "accuracy" is `BinaryAccuracy` for a loss on binary classes, `Accuracy` for any other.

    Raises:
        ValueError: an unknown name, or one name twice.
        TypeError: anything else.
    """
    if metrics is None:
        return [_one("accuracy", loss)] if loss.classes else []
    if isinstance(metrics, (str, Metric)) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(f"metrics are a list of names, Metrics and functions; got metrics={metrics!r}")
    found = [_one(metric, loss) for metric in metrics]
    names = [metric.name for metric in found]
    if len(set(names)) != len(names) or "loss" in names:
        raise ValueError(f"metrics have different names, none of them loss; got {', '.join(names)}")
    return found


def _one(metric, loss) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        if metric not in NAMES:
            raise ValueError(f"metric is one of {', '.join(NAMES)}, a Metric or f(y, target); got {metric!r}")
        if loss.binary:
            return BinaryAccuracy(from_logits=True)
        return NAMES[metric](getattr(loss, "ignore_index", None))
    if callable(metric):
        return FromFunction(metric)
    raise TypeError(f"a metric is a name, a Metric or f(y, target); got {metric!r}")
