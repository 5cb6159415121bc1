"""Gradient descent on any function, a network's loss among them: `minimize`, steps, stopping tests."""

from strate.descent.armijo import Armijo
from strate.descent.convergence import GradientNorm, IterateChange, ObjectiveChange
from strate.descent.limits import Divergence, MaxIterations
from strate.descent.line import Line, Point, Trial
from strate.descent.minimize import minimize
from strate.descent.objective import Objective, objective
from strate.descent.result import Descent
from strate.descent.step import FixedStep, NoStep, StepRule, Taken
from strate.descent.stopping import Fired, StoppingTest
from strate.descent.strong_wolfe import StrongWolfe

__all__ = [
    "Armijo",
    "Descent",
    "Divergence",
    "Fired",
    "FixedStep",
    "GradientNorm",
    "IterateChange",
    "Line",
    "MaxIterations",
    "NoStep",
    "Objective",
    "ObjectiveChange",
    "Point",
    "StepRule",
    "StoppingTest",
    "StrongWolfe",
    "Taken",
    "Trial",
    "minimize",
    "objective",
]
