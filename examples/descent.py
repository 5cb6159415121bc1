"""Gradient descent as the lecture shows it (p. 26-38), and on a network: tables, and pictures with a folder.

    python examples/descent.py [FOLDER]

Prints what steps do to a quadratic, Rosenbrock's valley by fixed steps and line searches, which stopping test
ends a descent, and full-batch training of a small network by line searches against the best of ten fixed
steps. With a FOLDER, draws steps.png, rosenbrock.png and optima.png into it (needs strate[plot]).
"""

import sys
from pathlib import Path

import numpy as np

import strate as st

BOWL = st.functions.Quadratic([1, 10])
START = [10.0, 2.0]
VALLEY, FAR = st.functions.rosenbrock, [-1.2, 1.0]
RULES = {"fixed 1e-3": 1e-3, "Armijo": st.Armijo(), "strong Wolfe": st.StrongWolfe()}


class Below(st.StoppingTest):
    """J <= goal: how far the ways to train are to go."""

    formula = "J"

    def __init__(self, goal):
        self.goal = goal

    def measure(self, iterate):
        return iterate.point.value

    def fires(self, measured, iterate):
        return measured <= self.goal


def quadratic():
    """A step below 2/L converges, one above it diverges."""
    print(f"A quadratic with L = {BOWL.lipschitz:g}: the border is at 2/L = {2 / BOWL.lipschitz:g}")
    paths = {}
    for step in (0.01, 0.1, 0.19, 0.199, 0.201, 0.21):
        result = st.minimize(BOWL, START, step=step, stop=st.GradientNorm(1e-6))
        print(f"  step {step:<5g}  {result.fired}")
        if step in (0.01, 0.1, 0.19, 0.21):
            paths[f"step {step}"] = st.minimize(BOWL, START, step=step, max_iterations=15)
    return paths


def rosenbrock():
    """At most 10 000 iterations along the valley."""
    print("Rosenbrock's valley from (-1.2, 1), until ||grad J|| <= 1e-6, at most 10 000 iterations")
    print("  rule          iterations  evaluations         J   distance")
    paths = {}
    for name, step in RULES.items():
        result = st.minimize(VALLEY, FAR, step=step, stop=st.GradientNorm(1e-6))
        counts = f"{result.iterations:10}  {result.evaluations:11}"
        print(f"  {name:12}  {counts}  {result.value:8.2g}  {np.linalg.norm(result.theta - 1):9.2g}")
        paths[f"{name}, 500 iterations"] = st.minimize(VALLEY, FAR, step=step, max_iterations=500)
    return paths


def stopping():
    """Every test of p. 32, each as the only one; a guarded one is absolute where J and theta are below 1."""
    print("What ends a descent: each test on its own, eps = 1e-4")
    eps = 1e-4
    tests = [
        st.GradientNorm(eps),
        *(kind(eps) for kind in (st.ObjectiveChange, st.IterateChange)),
        *(kind(eps, relative=True) for kind in (st.ObjectiveChange, st.IterateChange)),
        *(kind(eps, relative=True, guarded=True) for kind in (st.ObjectiveChange, st.IterateChange)),
        st.MaxIterations(100),
    ]
    away = st.functions.Quadratic([1, 10], minimum=[0.3, -0.2])
    for test in tests:
        fired = st.minimize(lambda theta: shifted(away, theta), START, step=0.02, stop=test).fired
        assert fired.test is test
        print(f"  {fired}")


def shifted(f, theta):
    """f + 1/2, so that neither the lowest J nor its theta is 0."""
    value, gradient = f(theta)
    return value + 0.5, gradient


def optima():
    """Where descent ends depends on where it starts."""
    print("Local optima of a function with six basins")
    starts = ((-1.9, 0.9), (-1.0, 0.6), (-1.0, -0.2), (0.4, -0.2), (1.9, -0.95), (1.5, 0.9))
    paths = []
    for start in starts:
        result = st.minimize(st.functions.six_hump_camel, start, step=0.01, stop=st.GradientNorm(1e-6))
        end = ", ".join(f"{value:.3f}" for value in result.theta)
        print(f"  from {start}: to ({end}), J = {result.value:.4f}")
        paths.append(result)
    return paths


def network():
    """Full-batch training to J = 0.2: ten fixed steps, then line searches, which need no grid."""
    (x, y), (x_test, y_test) = st.data.digits()
    print("A network 64-32-10 on all 1 437 digits at once, until J is 0.2, at most 500 iterations")
    print("  rule           iterations  evaluations  accuracy on test digits")

    def run(name, step):
        model = st.zoo.mlp(input_shape=(8, 8, 1), hidden=(32,), seed=0)
        f = st.objective(model, x, y, "cross_entropy")
        result = st.minimize(f, f.theta, step=step, stop=Below(0.2), max_iterations=500)
        accuracy = f"{model.evaluate(x_test, y_test).accuracy:.3f}"
        end = accuracy if result.converged else f"not there: J = {result.value:.3g} ({accuracy})"
        print(f"  {name:13}  {result.iterations:10}  {result.evaluations:11}  {end}", flush=True)
        return result

    fixed = {step: run(f"fixed {step:.3g}", step) for step in np.geomspace(0.02, 10, 10)}
    arrived = {step: result for step, result in fixed.items() if result.converged}
    best = min(arrived, key=lambda step: arrived[step].evaluations)
    searched = [run(name, step) for name, step in list(RULES.items())[1:]]
    all_steps = sum(result.evaluations for result in fixed.values())
    needed = " and ".join(str(result.evaluations) for result in searched)
    print(
        f"  The best fixed step, {best:.3g}, takes {arrived[best].evaluations} evaluations, and {all_steps} "
        f"were spent to find it; the line searches take {needed}."
    )


def main():
    pictures = {"steps": (BOWL, quadratic()), "rosenbrock": (VALLEY, rosenbrock())}
    stopping()
    pictures["optima"] = st.functions.six_hump_camel, optima()
    network()
    for name, (f, paths) in pictures.items() if len(sys.argv) > 1 else ():
        window = ((-2.2, 2.2), (-1.1, 1.1)) if name == "optima" else None
        st.plot.descent(f, paths, window=window).savefig(Path(sys.argv[1]) / f"{name}.png")


if __name__ == "__main__":
    main()
