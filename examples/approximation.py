"""Universal approximation (lecture, p. 20): one hidden layer comes as close to a function as one likes.

    python examples/approximation.py [FILE]

f(x) = sum over i of a_i g(w_i x + w_i0), with N = 4, 16, 64, 256 hidden neurons and g a sigmoid, tanh and a
Gaussian bump, on [0, 1] and on [0, 1]^2. The w are trained by Adam together with the a; then the best a
for these w are solved for, a linear problem. Prints the largest error on a grid between the points that were
learnt, which falls as N grows; with a FILE, draws it (needs strate[plot]).
"""

import sys

import numpy as np

import strate as st

WIDTHS = (4, 16, 64, 256)


class Bump(st.Layer):
    """y = exp(-z^2): bounded, continuous and not constant, which is all that Hornik (1991) asks of g."""

    capturable = True

    def forward(self, x, training=False):
        z = x.numpy()
        y = np.exp(-z * z)
        if training:
            self.saved = z, y
        return y

    def backward(self, dy):
        z, y = self.take_saved()
        return -2 * z * y * dy.numpy()


ACTIVATIONS = {"sigmoid": st.Sigmoid, "tanh": st.Tanh, "Gaussian bump": Bump}
STEEPNESS = {"sigmoid": 4.0, "tanh": 2.0, "Gaussian bump": 2.0}  # so that all turn over like distances
STEEPEST = {1: 32.0, 2: 6.0}  # times that, on [0, 1] and on [0, 1]^2
POINTS = {1: 400, 2: 20}  # along each axis
STEPS = 300


def wave(x):
    """What is learnt, of one number or of two."""
    if x.shape[1] == 1:
        return np.sin(9 * x) + 0.4 * np.abs(np.cos(8 * x))  # continuous, with corners
    return np.sin(5 * x[:, :1]) * np.cos(4 * x[:, 1:])


def grid(count, dimension):
    """Points of [0, 1]^dimension, evenly spaced."""
    axes = np.meshgrid(*[np.linspace(0, 1, count)] * dimension)
    return np.stack(axes, -1).reshape(-1, dimension)


def network(name, width, dimension):
    """Hidden neurons whose places of w x + w_0 = 0 lie all over the cube from the start."""
    hidden = st.Sequential([st.Dense(width), ACTIVATIONS[name]()])
    model = st.Sequential([hidden, st.Dense(1)], input_shape=dimension, dtype="float64", seed=0)
    random = np.random.default_rng(0)
    weight = random.normal(size=(width, dimension))
    steepness = STEEPNESS[name] * min(STEEPEST[dimension], max(2.0, width ** (1 / dimension) / 2))
    weight *= steepness / np.linalg.norm(weight, axis=1, keepdims=True)
    hidden.layers[0].weight = weight
    hidden.layers[0].bias = -(weight * random.random((width, dimension))).sum(1)
    return model


def largest_error(name, width, dimension):
    """After training on one grid, that on another, three times as fine."""
    x, between = grid(POINTS[dimension], dimension), grid(3 * POINTS[dimension], dimension)
    model = network(name, width, dimension)
    optimizer = st.Adam(st.schedules.Cosine(min(0.03, 2 / width), epochs=STEPS))
    whole = {"epochs": STEPS, "batch_size": len(x), "verbose": 0}
    model.fit(x, wave(x), loss="squared_error", optimizer=optimizer, **whole)
    hidden, last = model.layers
    known = np.hstack([hidden(x).numpy(), np.ones((len(x), 1))])
    solved = np.linalg.lstsq(known, wave(x), rcond=1e-9)[0]
    last.weight, last.bias = solved[:-1].T, solved[-1]
    return float(np.abs(model.predict(between) - wave(between)).max())


def draw(errors, file):
    """Largest error by number of neurons, both on scales of powers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), dpi=150, layout="constrained")
    for axes, dimension in zip(figure.subplots(1, 2, sharey=True), POINTS, strict=True):
        for name in ACTIVATIONS:
            axes.loglog(WIDTHS, errors[dimension, name], "o-", label=name)
        axes.set_xticks(WIDTHS, WIDTHS)
        axes.minorticks_off()
        axes.set_title("on [0, 1]" if dimension == 1 else "on [0, 1]$^2$", fontsize=10)
        axes.set_xlabel("hidden neurons")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("largest error")
    figure.axes[0].legend(frameon=False)
    figure.savefig(file)


def main():
    print("largest error with N =   " + "".join(f"{width:>11}" for width in WIDTHS))
    errors = {}
    for dimension in POINTS:
        for name in ACTIVATIONS:
            found = [largest_error(name, width, dimension) for width in WIDTHS]
            errors[dimension, name] = found
            cube = "[0, 1]" if dimension == 1 else "[0, 1]^2"
            print(f"{cube:9} {name:15}" + "".join(f"{error:>11.2g}" for error in found), flush=True)
    if len(sys.argv) > 1:
        draw(errors, sys.argv[1])


if __name__ == "__main__":
    main()
