"""The codes of LeNet-5's outputs: each digit as a picture of 7x12 pixels, after figure 3 of the paper.

Characters that look alike have codes that are alike, so that the outputs of a likely confusion are close
to each other. White is -1, ink is +1. The pictures follow the paper's figure stroke by stroke; they are
not its data, which were not published.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998, section II.B.
"""

from __future__ import annotations

import numpy as np

HEIGHT, WIDTH = 12, 7

PICTURES = (
    """
    ..###.. ...##.. .#####. ####### ....##.
    .##.##. ..###.. ##...## .....## ...###.
    ##...## .####.. .....## ....##. ..####.
    ##...## ...##.. .....## ...##.. ..#.##.
    ##...## ...##.. .....## ..####. .##.##.
    ##...## ...##.. ....##. .....## .#..##.
    ##...## ...##.. ...##.. .....## ##..##.
    ##...## ...##.. ..##... .....## #######
    ##...## ...##.. .##.... .....## ....##.
    ##...## ...##.. ##..... .....## ....##.
    .##.##. ...##.. ##..... ##...## ....##.
    ..###.. .###### ####### .#####. ....##.
    """,
    """
    ####### ..####. ####### .#####. .#####.
    ##..... .##.... .....## ##...## ##...##
    ##..... ##..... .....## ##...## ##...##
    ##..... ##..... ....##. ##...## ##...##
    ######. ##..... ....##. ##...## ##...##
    .....## #.####. ...##.. .#####. ##...##
    .....## ###..## ...##.. .#####. .######
    .....## ##...## ..##... ##...## .....##
    .....## ##...## ..##... ##...## .....##
    .....## ##...## .##.... ##...## .....##
    ##...## .##..## .##.... ##...## ....##.
    .#####. ..####. .##.... .#####. .####..
    """,
)


def digit_codes() -> np.ndarray:
    """(10, 84): the picture of each digit, row by row from its top.

    >>> from strate.layers.digit_codes import digit_codes
    >>> digit_codes().shape
    (10, 84)
    """
    rows = [[line.split() for line in picture.split("\n") if line.strip()] for picture in PICTURES]
    digits = ["".join(line[place] for line in lines) for lines in rows for place in range(5)]
    return np.array([[1.0 if pixel == "#" else -1.0 for pixel in digit] for digit in digits])
