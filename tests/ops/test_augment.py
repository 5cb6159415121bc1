"""Images by index, mirrored and moved by the draw that kernels/augment.h states."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core

DOMAIN = 1 << 62


def philox(key, index, stream):
    """Philox4x32-10 of one block, in plain Python (Salmon et al., SC 2011)."""
    low = 0xFFFFFFFF
    c, k = [index & low, index >> 32, stream & low, stream >> 32], [key & low, key >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & low, (p0 >> 32) ^ c[3] ^ k[1], p0 & low]
        k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
    return c


def draw(seed, counter, row, flip, shift):
    """Whether the image is mirrored, and how far it moves down and to the right."""
    words = philox(seed, DOMAIN | int(row), counter)
    moves = [((word * (2 * shift + 1)) >> 32) - shift for word in words[1:3]]
    return flip and words[0] >> 31, *moves


def changed(image, mirrored, down, right):
    """One image, in numpy."""
    image = image[:, ::-1] if mirrored else image
    height, width = image.shape[:2]
    far = max(abs(down), abs(right))
    padded = np.pad(image, ((far, far), (far, far), (0, 0)))
    return padded[far - down : far - down + height, far - right : far - right + width]


def build():
    random = np.random.default_rng(2)
    sources = {
        "uint8": random.integers(0, 256, (9, 5, 4, 3)).astype(np.uint8),
        "int32": random.integers(-99, 99, (9, 3, 7, 2)).astype(np.int32),
        "int64": random.integers(-99, 99, (9, 4, 4, 1)),
        "float32": normal(9, 6, 40, 1).astype(np.float32),
        "float64": normal(9, 6, 4, 5),
        "bool": random.integers(0, 2, (9, 4, 4, 3)).astype(bool),
        "wide": random.integers(0, 256, (9, 4, 33, 3)).astype(np.uint8),
        "many": random.integers(0, 256, (70, 28, 28, 1)).astype(np.uint8),
    }
    indices = {"some": np.array([3, 0, 8, 3]), "none": np.array([], np.int64)}
    ways = {"flip": (True, 0), "shift": (False, 2), "both": (True, 2), "neither": (False, 0)}
    cases = []
    for name, source in sources.items():
        for kind, index in {**indices, "all": random.permutation(len(source))}.items():
            for way, (flip, shift) in ways.items():
                arrays = {"index": index, "random": np.array([2**40 + 7, 11]), "like": np.zeros(1)}
                if source.dtype != np.float64:
                    arrays["source"] = source
                settings = (flip, shift, 1 / 255 if way == "both" else 1.0, source)
                cases.append(Case(f"{name}-{kind}-{way}", arrays, settings))
    return cases


class TestAugment(OpTests):
    """`like` carries the type under test, which images become; a float64 source stays float64."""

    float32_bound = 2e-7
    strided_inputs = ("index", "source")  # seed and counter lie side by side: test_errors
    cases = build()

    def run(self, case, arrays):
        flip, shift, scale, source = case.settings
        return results(
            y=_core.augment(
                tensor(arrays.get("source", source)),
                tensor(arrays["index"]),
                flip,
                shift,
                tensor(arrays["random"]),
                scale,
                arrays["like"].dtype.name,
            )
        )

    def oracle(self, case, arrays):
        flip, shift, scale, source = case.settings
        seed, counter = map(int, arrays["random"])
        images = [
            changed(source[row].astype(np.float64), *draw(seed, counter, row, flip, shift)) * scale
            for row in arrays["index"]
        ]
        return {"y": np.array(images).reshape(len(images), *source.shape[1:])}


def batch(rows, counter, **options):
    source = np.arange(1, 100 * 36 + 1).reshape(100, 6, 6, 1).astype(np.float32)
    way = {"flip": True, "shift": 2} | options
    index, random = tensor(np.array(rows)), tensor(np.array([5, counter]))
    return _core.augment(tensor(source), index, way["flip"], way["shift"], random).numpy()


def test_the_draw_belongs_to_the_image_and_the_counter_alone():
    together = batch([4, 9, 2], 3)
    assert np.array_equal(together[1], batch([9], 3)[0])
    assert not np.array_equal(batch(range(100), 3), batch(range(100), 4))


def test_every_move_is_drawn_about_as_often():
    seen = {}
    for counter in range(10):
        for row in range(100):
            way = draw(5, counter, row, True, 1)
            seen[way] = seen.get(way, 0) + 1
    assert len(seen) == 2 * 9
    assert all(30 < count < 90 for count in seen.values())  # 1000 / 18, four deviations either way


def test_index_and_draw_may_lie_on_the_host():
    source, index, random = normal(5, 4, 6, 2), np.array([4, 0]), np.array([1, 2])
    on_host = _core.from_numpy(index), True, 1, _core.from_numpy(random), 1.0, "float64"
    alike = tensor(index), True, 1, tensor(random), 1.0, "float64"
    y = _core.augment(tensor(source), *on_host)
    assert np.array_equal(y.numpy(), _core.augment(tensor(source), *alike).numpy())


def test_bytes_of_white_become_one():
    white = np.full((1, 2, 2, 3), 255, np.uint8)
    y = _core.augment(tensor(white), tensor(np.array([0])), True, 0, tensor(np.array([0, 0])), 1 / 255)
    assert (y.numpy() == 1).all()


def test_into_memory_that_is_there():
    source, settings = tensor(normal(5, 4, 6, 2)), (True, 1, tensor(np.array([1, 2])), 0.5)
    index, out = tensor(np.array([4, 0])), tensor(np.full((3, 4, 6, 2), 7.0))
    _core.augment_into(out[:2], source, index, *settings)
    assert np.array_equal(out[:2].numpy(), _core.augment(source, index, *settings, "float64").numpy())
    assert (out[2].numpy() == 7).all()
    rule = r"out is contiguous, writable memory of shape \(2, 4, 6, 2\); got out=float64 \(3, 4, 6, 2\)"
    rejects(ValueError, rule, lambda: _core.augment_into(out, source, index, *settings))


def test_errors():
    def call(shape=(5, 4, 6, 1), index=(0,), shift=1, random=(0, 0), dtype="float32"):
        arrays = tensor(np.zeros(shape, np.uint8)), tensor(np.array(index))
        return lambda: _core.augment(*arrays, True, shift, tensor(np.array(random)), 1.0, dtype)

    rejects(ValueError, r"source holds images \(N, H, W, C\); got source=\(5, 4\)", call((5, 4)))
    rejects(IndexError, r"0 <= index < 5; got index 5 at place 1", call(index=(0, 5)))
    rejects(TypeError, r"index is int64 \(B\); got index=float64", call(index=(0.0,)))
    rejects(ValueError, r"0 <= shift < height and width; got shift=4", call(shift=4))
    rejects(ValueError, r"got shift=-1", call(shift=-1))
    rejects(TypeError, r"seed and counter are an int64 tensor of shape \(2\)", call(random=(0, 0, 0)))
    rejects(TypeError, r"images become float32 or float64; got dtype=uint8", call(dtype="uint8"))


@pytest.mark.parametrize("shift", [0, 3])
def test_images_without_channels_are_empty(shift):
    y = _core.augment(
        tensor(np.zeros((2, 4, 4, 0))), tensor(np.array([1])), True, shift, tensor(np.array([0, 0]))
    )
    assert y.shape == (1, 4, 4, 0)
