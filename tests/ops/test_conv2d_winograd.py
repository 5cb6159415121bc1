"""Convolution by Winograd's minimal filtering: the same checks, and its documented bounds."""

import pytest

from convolutions import ConvolutionTests, convolution, sized
from harness import cast, cpu_only, error, rejects, same_bits
from strate import _core

pytestmark = cpu_only  # a device convolves directly


class TestWinograd(ConvolutionTests):
    """The same convolution by tiles of 2x2 and 4x4 outputs. A NaN reaches its whole tile."""

    nan_inputs = ()
    float32_bound = 4e-5
    gradient_bound = 1e-5
    float64_bound = 1e-11
    cases = [
        # small images take 2x2 tiles; few tiles go through the stages together
        sized((1, 2, 2, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1)),
        sized((3, 4, 3, 32), (48, 3, 3, 32), padding=(1, 1, 1, 1), activation="tanh"),
        sized((1, 4, 6, 16), (16, 3, 3, 16), activation="scaled_tanh"),
        sized((1, 5, 4, 16), (32, 3, 3, 16)),
        # margins: none, one side, wider than the kernel asks; tiles that hang over the edge
        sized((2, 11, 14, 16), (16, 3, 3, 16), padding=(0, 1, 2, 0), activation="sigmoid"),
        sized((1, 13, 9, 48), (80, 3, 3, 48), padding=(2, 2, 2, 2)),
        sized((1, 6, 7, 16), (16, 3, 3, 16), padding=(4, 3, 3, 4)),
        sized((0, 8, 8, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1)),
        # what has a stride is not for tiles: no direction of it, nor its gradient's, which has none
        sized((2, 9, 10, 16), (32, 3, 3, 16), stride=(2, 2), padding=(1, 1, 1, 1), activation="tanh"),
        sized((1, 8, 7, 32), (16, 3, 3, 32), stride=(1, 2), padding=(1, 1, 1, 1)),
        sized((1, 8, 7, 32), (16, 3, 3, 32), stride=(2, 1)),
        # blocks of tiles, the last one short
        sized((9, 39, 41, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1)),
        sized((1, 9, 9, 144), (32, 3, 3, 144), padding=(1, 1, 1, 1)),
        # both gradients in one pass over the images; the last block of a chunk short
        sized((24, 20, 20, 16), (16, 3, 3, 16), padding=(1, 1, 1, 1), activation="relu"),
        sized((31, 18, 19, 16), (16, 3, 3, 16), padding=(0, 2, 2, 1)),
        sized((37, 12, 13, 32), (32, 3, 3, 32), padding=(1, 1, 1, 1)),
        sized((9, 18, 18, 16), (16, 5, 5, 16), padding=(2, 2, 2, 2)),
        # 5x5: tiles of 2x2
        sized((1, 5, 5, 16), (16, 5, 5, 16), padding=(2, 2, 2, 2), activation="scaled_tanh"),
        sized((2, 8, 11, 32), (48, 5, 5, 32), padding=(0, 3, 4, 1), activation="relu"),
        sized((7, 27, 25, 16), (16, 5, 5, 16), padding=(2, 2, 2, 2)),
        sized((1, 9, 10, 16), (32, 5, 5, 16), stride=(1, 2), padding=(2, 2, 2, 2)),
        sized((1, 9, 10, 16), (16, 5, 3, 16), padding=(2, 2, 1, 1)),
    ]

    def chosen(self):
        return convolution("winograd")

    def run(self, case, arrays):
        with self.chosen():
            return super().run(case, arrays)

    def test_differs_from_direct(self):
        """Otherwise these tests would have tested something else."""
        case = self.cases[4]
        arrays = cast(case.arrays, "float32")
        with convolution("direct"):
            direct = super().run(case, arrays)
        assert {"y", "dx", "dweight"} <= set(same_bits(self.run(case, arrays), direct))

    @pytest.mark.parametrize(
        ("x", "weight", "bound"),
        [
            ((64, 2, 2, 64), (64, 3, 3, 64), 2e-6),
            ((2, 28, 28, 128), (128, 3, 3, 128), 4e-5),
            ((2, 27, 27, 64), (96, 5, 5, 64), 4e-5),
        ],
    )
    def test_documented_bound(self, x, weight, bound):
        """float32 against the direct way in float64; beside it the direct way in float32."""
        case = sized(x, weight, padding=(weight[1] // 2,) * 4)
        single = self.run(case, cast(case.arrays, "float32"))
        with convolution("direct"):
            exact = super().run(case, cast(case.arrays, "float64"))
            direct = super().run(case, cast(case.arrays, "float32"))
        for name in ("y", "dx", "dweight"):
            assert error(single[name], exact[name]) <= bound, name
            assert error(direct[name], exact[name]) <= 3e-6, name

    def test_choice_is_named(self):
        rejects(ValueError, "'auto', 'direct' or 'winograd'; got 'fft'", lambda: _core.set_convolution("fft"))
        assert _core.convolution() == "auto"
